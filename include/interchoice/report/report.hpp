#pragma once

#include <fmt/core.h>

#include <cmath>
#include <cstddef>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/core/identity.hpp"
#include "interchoice/core/shown.hpp"

namespace interchoice {

/// The state of a training at the end of an epoch.
struct TrainingPoint {
  int epoch = 0;
  double loss = 0;
  double accuracy = 0;  ///< of the training batches. *Units*: %
};

/// Predictions of the quality of architectures: of super-networks that were trained alike and
/// differ in their seed, or of a simple rule.
struct Predictor {
  std::string label;                      ///< `bias<1>`; different for every predictor of a report
  std::vector<std::vector<double>> runs;  ///< for each seed a prediction of every architecture, of
                                          ///< which only differences and order count; a rule has
                                          ///< one run
  bool baseline = false;  ///< a rule that needs no training, shown in grey: a super-network that
                          ///< does not beat it has learnt nothing of use
  std::vector<TrainingPoint> training = {};  ///< of the first run; may be empty
  Identity facts = {};                       ///< training time, parameters, …
  std::string unit = {};                     ///< of its predictions, `%`; may be empty
};

/// Predictions of many architectures beside their ground truth: the content of `write_report`.
///
/// All texts are UTF-8 and shown as they are; nothing in them is taken for markup. Labels and
/// architectures begin with none of `=`, `+`, `-`, `@`, tab and carriage return, by which
/// spreadsheets know formulas.
struct Report {
  std::string title;
  std::string introduction;                ///< paragraphs, an empty line between them
  std::vector<std::string> architectures;  ///< their text forms
  std::vector<double> truth;               ///< one for each architecture, larger is better; empty
                                           ///< where it is not known
  std::string truth_label;                 ///< `test accuracy, 200 epochs`
  std::string truth_unit;                  ///< `%`; may be empty
  std::vector<Predictor> predictors;
  Identity facts;                                       ///< command, seed, machine, time, …
  std::vector<std::vector<double>> truth_repeats = {};  ///< repeated measurements of the truth, a
                                                        ///< value of every architecture each time;
                                                        ///< two or more, or none
};

namespace detail {

[[noreturn]] inline void fail_report(const std::string& reason) {
  throw std::invalid_argument(fmt::format("interchoice: report: {}", reason));
}

inline void check_report_values(const std::string& name, const std::vector<double>& values,
                                const std::vector<std::string>& architectures) {
  if (values.size() != architectures.size()) {
    fail_report(fmt::format("{} has {} values for {} architectures; give one for each", name,
                            values.size(), architectures.size()));
  }
  constexpr double kLargest = 1e100;  // figures show it without overflow
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(std::abs(values[i]) <= kLargest)) {
      fail_report(
          fmt::format("{} is {} for architecture {}; values up to 1e100 can be shown: leave "
                      "that architecture out of the report",
                      name, values[i], shown(architectures[i], 200)));
    }
  }
}

/// The column of a predictor's run in `predictions.csv`; runs count from 0, their names from 1.
inline std::string run_name(const std::string& label, std::size_t runs, std::size_t run) {
  return runs == 1 ? label : fmt::format("{}, run {}", label, run + 1);
}

/// The column of a repeated measurement in `predictions.csv`.
inline std::string repeat_name(std::size_t repeat) {
  return fmt::format("truth, repeat {}", repeat + 1);
}

/// Refuses a text that a spreadsheet takes for a formula when it opens the report's tables.
inline void check_no_formula(const std::string& what, const std::string& text) {
  if (text.empty() || std::string_view("=+-@\t\r").find(text.front()) == std::string_view::npos) {
    return;
  }
  fail_report(
      fmt::format("{} {} begins as a formula of a spreadsheet does; let it begin with "
                  "another character than =, +, -, @, tab and carriage return",
                  what, shown(text, 200)));
}

/// Refuses more facts than a table has room for: a column for each name.
inline void check_facts(const std::vector<Predictor>& predictors) {
  constexpr std::size_t kMost = 1'000;
  std::set<std::string_view> names;
  for (const Predictor& predictor : predictors) {
    for (const auto& [name, text] : predictor.facts) names.insert(name);
    if (names.size() > kMost) {
      fail_report(
          fmt::format("its predictors have facts of more than {} names; leave some out", kMost));
    }
  }
}

/// *Throws*: `std::invalid_argument` if the report's parts do not fit each other, or a text would
/// be taken for something else.
inline void check_report(const Report& report) {
  if (report.architectures.size() < 2) {
    fail_report(fmt::format("{} architectures; at least 2 are needed for an order",
                            report.architectures.size()));
  }
  if (report.predictors.empty()) fail_report("no predictors; add at least one");
  for (const std::string& architecture : report.architectures) {
    check_no_formula("the architecture", architecture);
  }
  check_facts(report.predictors);
  const bool has_truth = !report.truth.empty() || !report.truth_repeats.empty();
  if (has_truth) check_report_values("the truth", report.truth, report.architectures);
  if (report.truth_repeats.size() == 1) {
    fail_report("1 repeat of the truth; noise takes at least 2 to be seen: give them all, or none");
  }
  // The other columns of predictions.csv, and the other curves of the figures.
  std::set<std::string> names = {"arch", "truth", "best possible", "random choice"};
  for (std::size_t i = 0; i < report.truth_repeats.size(); ++i) {
    check_report_values(fmt::format("repeat {} of the truth", i + 1), report.truth_repeats[i],
                        report.architectures);
    names.insert(repeat_name(i));
  }
  for (const Predictor& predictor : report.predictors) {
    const std::size_t runs = predictor.runs.size();
    if (predictor.label.empty()) fail_report("a predictor has no label; give it one");
    check_no_formula("the predictor label", predictor.label);
    if (runs == 0) {
      fail_report(
          fmt::format("predictor {} has no run; give it at least one", shown(predictor.label)));
    }
    std::set<std::string> own = {predictor.label};
    for (std::size_t run = 0; run < runs; ++run) {
      own.insert(run_name(predictor.label, runs, run));
      check_report_values(fmt::format("predictor {}{}", shown(predictor.label),
                                      runs == 1 ? "" : fmt::format(", run {},", run + 1)),
                          predictor.runs[run], report.architectures);
    }
    for (const std::string& name : own) {
      if (names.insert(name).second) continue;
      fail_report(fmt::format(
          "the predictor label {} is taken; every predictor needs one of its own, other than "
          "'arch', 'truth', 'best possible', 'random choice' and the names of runs ('{}') and "
          "repeats ('{}')",
          shown(name), run_name("label", 2, 0), repeat_name(0)));
    }
  }
}

}  // namespace detail

}  // namespace interchoice
