#pragma once

#include <cmath>
#include <cstddef>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace interchoice {

/// Something worth knowing about a run, as text: `{"seed", "1"}`, `{"training time", "310 s"}`.
struct Fact {
  std::string name;
  std::string value;
};

/// The state of a training at the end of an epoch.
struct TrainingPoint {
  int epoch = 0;
  double loss = 0;
  double accuracy = 0;  ///< of the training batches. *Units*: %
};

/// Something that predicts how good architectures are: a trained super-network, or a simple rule.
struct Predictor {
  std::string label;           ///< `bias<1>`; different for every predictor of a report
  std::vector<double> values;  ///< one for each architecture; only differences and order count
  bool trivial = false;        ///< a rule that needs no training, shown in grey for comparison:
                               ///< a super-network that does not beat it has learnt nothing of use
  std::vector<TrainingPoint> training = {};  ///< may be empty
  std::vector<Fact> facts = {};              ///< training time, parameters, …
};

/// What `write_report` tells: predictions of many architectures beside their ground truth.
///
/// All texts are UTF-8 and shown as they are; nothing in them is taken for markup.
struct Report {
  std::string title;
  std::string introduction;                ///< paragraphs, an empty line between them
  std::vector<std::string> architectures;  ///< their text forms
  std::vector<double> truth;               ///< one for each architecture, larger is better
  std::string truth_label;                 ///< `test accuracy, 200 epochs`
  std::string truth_unit;                  ///< `%`; may be empty
  std::vector<Predictor> predictors;
  std::vector<Fact> facts;  ///< command, seed, machine, time, noise of the truth, …
};

namespace detail {

[[noreturn]] inline void fail_report(const std::string& reason) {
  throw std::invalid_argument("interchoice: report: " + reason);
}

inline void check_report_values(const std::string& name, const std::vector<double>& values,
                                const std::vector<std::string>& architectures) {
  if (values.size() != architectures.size()) {
    fail_report(name + " has " + std::to_string(values.size()) + " values for " +
                std::to_string(architectures.size()) + " architectures; give one for each");
  }
  constexpr double kLargest = 1e100;  // what a figure can show without overflow
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(std::abs(values[i]) <= kLargest)) {
      fail_report(name + " is " + std::to_string(values[i]) + " for architecture '" +
                  architectures[i] +
                  "'; values up to 1e100 can be shown: leave that architecture "
                  "out of the report");
    }
  }
}

/// *Throws*: `std::invalid_argument` if the report's parts do not fit each other.
inline void check_report(const Report& report) {
  if (report.architectures.size() < 2) {
    fail_report(std::to_string(report.architectures.size()) +
                " architectures; at least 2 are needed for an order");
  }
  if (report.predictors.empty()) fail_report("no predictors; add at least one");
  check_report_values("the truth", report.truth, report.architectures);
  // The other columns of predictions.csv, and the other curves of the figures.
  std::set<std::string> labels = {"arch", "truth", "best possible", "random choice"};
  for (const Predictor& predictor : report.predictors) {
    if (predictor.label.empty()) fail_report("a predictor has no label; give it one");
    if (!labels.insert(predictor.label).second) {
      fail_report("the predictor label '" + predictor.label +
                  "' is taken; every predictor needs one of its own, other than 'arch', 'truth', "
                  "'best possible' and 'random choice'");
    }
    check_report_values("predictor '" + predictor.label + "'", predictor.values,
                        report.architectures);
  }
}

}  // namespace detail

}  // namespace interchoice
