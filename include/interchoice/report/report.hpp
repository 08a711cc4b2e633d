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

/// Something that predicts how good architectures are: super-networks that were trained alike and
/// differ in their seed, or a simple rule.
struct Predictor {
  std::string label;                      ///< `bias<1>`; different for every predictor of a report
  std::vector<std::vector<double>> runs;  ///< for each seed a prediction of every architecture, of
                                          ///< which only differences and order count; a rule has
                                          ///< one run
  bool trivial = false;  ///< a rule that needs no training, shown in grey for comparison: a
                         ///< super-network that does not beat it has learnt nothing of use
  std::vector<TrainingPoint> training = {};  ///< of the first run; may be empty
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
  std::vector<Fact> facts;                              ///< command, seed, machine, time, …
  std::vector<std::vector<double>> truth_repeats = {};  ///< the truth measured again and again, a
                                                        ///< value of every architecture each time;
                                                        ///< two or more, or none
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

/// The column of a predictor's run in `predictions.csv`; runs count from 0, their names from 1.
inline std::string run_name(const std::string& label, std::size_t runs, std::size_t run) {
  return runs == 1 ? label : label + ", run " + std::to_string(run + 1);
}

/// The column of a repeated measurement in `predictions.csv`.
inline std::string repeat_name(std::size_t repeat) {
  return "truth, repeat " + std::to_string(repeat + 1);
}

/// *Throws*: `std::invalid_argument` if the report's parts do not fit each other.
inline void check_report(const Report& report) {
  if (report.architectures.size() < 2) {
    fail_report(std::to_string(report.architectures.size()) +
                " architectures; at least 2 are needed for an order");
  }
  if (report.predictors.empty()) fail_report("no predictors; add at least one");
  check_report_values("the truth", report.truth, report.architectures);
  if (report.truth_repeats.size() == 1) {
    fail_report("1 repeat of the truth; noise takes at least 2 to be seen: give them all, or none");
  }
  // The other columns of predictions.csv, and the other curves of the figures.
  std::set<std::string> names = {"arch", "truth", "best possible", "random choice"};
  for (std::size_t i = 0; i < report.truth_repeats.size(); ++i) {
    check_report_values("repeat " + std::to_string(i + 1) + " of the truth",
                        report.truth_repeats[i], report.architectures);
    names.insert(repeat_name(i));
  }
  for (const Predictor& predictor : report.predictors) {
    const std::size_t runs = predictor.runs.size();
    if (predictor.label.empty()) fail_report("a predictor has no label; give it one");
    if (runs == 0) {
      fail_report("predictor '" + predictor.label + "' has no run; give it at least one");
    }
    std::set<std::string> own = {predictor.label};
    for (std::size_t run = 0; run < runs; ++run) {
      own.insert(run_name(predictor.label, runs, run));
      check_report_values("predictor '" + predictor.label + "'" +
                              (runs == 1 ? "" : ", run " + std::to_string(run + 1) + ","),
                          predictor.runs[run], report.architectures);
    }
    for (const std::string& name : own) {
      if (names.insert(name).second) continue;
      fail_report("the predictor label '" + name +
                  "' is taken; every predictor needs one of its own, other than 'arch', 'truth', "
                  "'best possible', 'random choice' and the names of runs ('" +
                  run_name("label", 2, 0) + "') and repeats ('" + repeat_name(0) + "')");
    }
  }
}

}  // namespace detail

}  // namespace interchoice
