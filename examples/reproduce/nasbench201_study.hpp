#pragma once

// The super-networks of the paper's figures 4 and 8.

#include <algorithm>
#include <vector>

#include "examples/reproduce/comparison.hpp"
#include "examples/reproduce/nasbench201.hpp"
#include "interchoice/dependency/bias.hpp"
#include "interchoice/dependency/none.hpp"
#include "interchoice/dependency/split.hpp"

namespace reproduce {

inline std::vector<Method<NasBench201>> nasbench201_methods() {
  return {method<ic::none, NasBench201>("baseline"), method<ic::bias<1>, NasBench201>("bias D=1"),
          method<ic::bias<2>, NasBench201>("bias D=2"),
          method<ic::bias<3>, NasBench201>("bias D=3"),
          // The paper's splits are at 125, 175 and 200 of 250 epochs.
          method<ic::split<ic::on_demand>, NasBench201>("split at 50 %", 0.5),
          method<ic::split<ic::on_demand>, NasBench201>("split at 70 %", 0.7),
          method<ic::split<ic::on_demand>, NasBench201>("split at 80 %", 0.8)};
}

/// Trains what is missing; a report for each experiment, with the rules that need no training.
inline std::vector<ic::Report> nasbench201_reports(
    Study& study, const std::vector<NasBench201>& experiments,
    const std::vector<Method<NasBench201>>& methods,
    const ic::BenchmarkTable<NasBench201::Space>& truth) {
  for (const NasBench201& experiment : experiments) study.add(experiment, methods);
  study.complete();
  std::vector<ic::Report> reports;
  for (const NasBench201& experiment : experiments) {
    const auto& evaluation = experiment.evaluations.front();
    reports.push_back(report_of(study, experiment, evaluation, methods, truth));
    std::vector<double> convolutions;
    for (const auto& architecture : evaluation.architectures) {
      const auto operations = architecture.candidates();
      convolutions.push_back(
          static_cast<double>(std::count(operations.begin(), operations.end(), 3)));
    }
    reports.back().predictors.push_back({.label = "number of 3x3 convolutions",
                                         .runs = {convolutions},
                                         .baseline = true,
                                         .unit = "number"});
    reports.back().predictors.push_back(parameter_rule(experiment, evaluation));
  }
  return reports;
}

/// Figure 4's panels: bias above, split weights below, a column for each experiment.
inline ic::figures::Specification nasbench201_figure(const std::vector<ic::Report>& reports,
                                                     const ic::figures::GridOptions& options) {
  std::vector<ic::Report> parts;
  for (const char* left_out : {"split", "bias"}) {
    for (const ic::Report& report : reports) parts.push_back(without(report, left_out));
  }
  ic::figures::PanelGrid grid{.rows = {{}, {}}, .row_titles = {"bias", "split"}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    grid.rows[i / reports.size()].push_back(&parts[i]);
  }
  for (const ic::Report& report : reports) grid.column_titles.push_back(report.title);
  return ic::figures::improvement_grid(grid, options);
}

}  // namespace reproduce
