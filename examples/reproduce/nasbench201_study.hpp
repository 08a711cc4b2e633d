#pragma once

// The super-networks of the paper's figures 4 and 8.

#include <utility>
#include <vector>

#include "examples/reproduce/comparison.hpp"
#include "examples/reproduce/nasbench201.hpp"

namespace reproduce {

inline std::vector<Method> nasbench201_methods() {
  return {{.label = "baseline"},
          {.label = "bias D=1", .policy = "bias<1>"},
          {.label = "bias D=2", .policy = "bias<2>"},
          {.label = "bias D=3", .policy = "bias<3>"},
          // The paper's splits are at 125, 175 and 200 of 250 epochs.
          examples::split_method("split at 50 %", 0.5),
          examples::split_method("split at 70 %", 0.7),
          examples::split_method("split at 80 %", 0.8)};
}

/// Trains what is missing; a report for each experiment, with the rules that need no training.
inline std::vector<ic::Report> nasbench201_reports(StudyRuns& runs,
                                                   const std::vector<Experiment>& experiments,
                                                   const std::vector<Method>& methods,
                                                   const NasBench201Data& data) {
  for (const Experiment& experiment : experiments) runs.add(experiment, methods);
  runs.complete();
  std::vector<ic::Report> reports;
  for (const Experiment& experiment : experiments) {
    const auto& evaluation = experiment.evaluations.front();
    reports.push_back(report_of(runs, experiment, evaluation, methods,
                                nasbench201_truth(data, evaluation.architectures)));
    add_rules(reports.back(), experiment, evaluation);
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
