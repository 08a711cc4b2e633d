#pragma once

// Reports for tests.

#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/report.hpp"

/// Two predictors of a single run each, with texts that need escapes.
inline interchoice::Report small_report() {
  interchoice::Report report;
  report.title = "A <report>";
  report.introduction = "First & foremost.\n\nSecond.";
  report.truth_label = "accuracy";
  report.truth_unit = "%";
  for (int i = 0; i < 12; ++i) {
    report.architectures.push_back("a<" + std::to_string(i) + ">");
    report.truth.push_back(90 + 0.25 * i);
  }
  interchoice::Predictor trained{
      "bias<1>, \"seed\" 1", {report.truth}, false, {}, {{"seconds", "31"}}};
  std::swap(trained.runs[0][0], trained.runs[0][5]);
  trained.training = {{1, 2.25, 15.5}, {2, std::numeric_limits<double>::infinity(), 20}};
  interchoice::Predictor baseline{
      "3x3 count", {std::vector<double>(12, 2)}, true, {}, {{"cost", "none"}}};
  baseline.runs[0][0] = 3;
  report.predictors = {trained, baseline};
  report.facts = {{"seed", "<1>"}, {"machine", "two cores"}};
  return report;
}

/// Three runs each of two methods, a baseline, and a truth that was measured twice. The values
/// are arbitrary, the same on every machine.
inline interchoice::Report report_of_runs(std::size_t architectures = 40) {
  interchoice::Report report;
  report.title = "Seeds";
  report.introduction = "One.\n\nTwo & \"three\".";
  report.truth_label = "accuracy";
  report.truth_unit = "%";
  unsigned state = 1;
  const auto noise = [&state] {  // Numerical Recipes' generator; from -1 to 1
    state = state * 1664525u + 1013904223u;
    return 2.0 * (state >> 8) / (1 << 24) - 1;
  };
  for (std::size_t i = 0; i < architectures; ++i) {
    report.architectures.push_back("arch, \"" + std::to_string(i) + "\"");
    report.truth.push_back(90 + 2 * noise());
  }
  const auto noisy = [&](double size) {
    std::vector<double> values = report.truth;
    for (double& value : values) value += size * noise();
    return values;
  };
  report.truth_repeats = {noisy(0.2), noisy(0.2)};
  report.predictors = {
      {"none", {noisy(4), noisy(4), noisy(4)}, false, {{1, 2.5, 10}, {2, 0.1, 50.25}}, {}},
      {"bias<1>, x", {noisy(2), noisy(2), noisy(2)}, false, {}, {{"time", "3 s"}}},
      {"rule", {noisy(3)}, true, {}, {}}};
  report.facts = {{"command", "a 'b' \"c\""}};
  return report;
}
