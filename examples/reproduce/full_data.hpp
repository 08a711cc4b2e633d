#pragma once

// Figures 4 and 5 together, for programs that look at both.

#include <optional>
#include <string>
#include <vector>

#include "examples/reproduce/nasbench201_study.hpp"
#include "examples/reproduce/nasbench_macro_study.hpp"

namespace reproduce {

struct FullData {
  NasBench201Data nasbench201;
  std::string macro_truth;  ///< empty: NAS-Bench-Macro is left out
};

inline void add_data_options(CLI::App& app, FullData& data) {
  add_data_options(app, data.nasbench201);
  app.add_option("--macro-truth", data.macro_truth,
                 "NAS-Bench-Macro's table; without it that space is left out")
      ->check(CLI::ExistingFile);
}

struct FullReports {
  std::vector<ic::Report> nasbench201;  ///< one for each restriction
  std::optional<ic::Report> macro;
  TrainingCost cost = {};
};

/// Trains what is missing.
inline FullReports full_reports(StudyRuns& runs, const FullData& data, Budget budget) {
  FullReports reports;
  const auto experiments = nasbench201_experiments(data.nasbench201, budget);
  reports.nasbench201 =
      nasbench201_reports(runs, experiments, nasbench201_methods(), data.nasbench201);
  for (const Experiment& experiment : experiments) {
    reports.cost.add(runs, experiment, nasbench201_methods());
  }
  if (!data.macro_truth.empty()) {
    const Experiment macro =
        nasbench_macro_experiment({data.nasbench201.images, data.macro_truth}, budget);
    reports.macro = nasbench_macro_report(runs, macro, nasbench_macro_methods(), data.macro_truth);
    reports.cost.add(runs, macro, nasbench_macro_methods());
  }
  return reports;
}

}  // namespace reproduce
