#pragma once

// The super-networks of the sequential experiments on NAS-Bench-Macro.

#include <vector>

#include "examples/reproduce/comparison.hpp"
#include "examples/reproduce/nasbench_macro.hpp"

namespace reproduce {

/// `bias`, the paper's other method, is left out: on these blocks it has no weight that matters, so
/// its super-networks are the baseline's, bit by bit (docs/method.md).
inline std::vector<Method> nasbench_macro_methods() {
  return {{.label = "baseline"},
          {.label = "shift D=1", .policy = "shift<1>"},
          {.label = "affine D=1", .policy = "affine<1>"},
          // The paper's splits on its sequential space are at 400 and 500 of 600 epochs.
          examples::split_method("split at 67 %", 2.0 / 3),
          examples::split_method("split at 83 %", 5.0 / 6)};
}

/// Trains what is missing; the report, with the rule that needs no training and the three trainings
/// that the ground truth is the mean of.
inline ic::Report nasbench_macro_report(StudyRuns& runs, const Experiment& experiment,
                                        const std::vector<Method>& methods,
                                        const std::string& table) {
  runs.add(experiment, methods);
  runs.complete();
  const auto& evaluation = experiment.evaluations.front();
  const auto column = [&](const char* name) {
    return experiment.kind->table_column(table, name, evaluation.architectures);
  };
  ic::Report report = report_of(runs, experiment, evaluation, methods, column("mean_acc"));
  add_rules(report, experiment, evaluation);
  for (const char* name : {"acc1", "acc2", "acc3"}) report.truth_repeats.push_back(column(name));
  return report;
}

}  // namespace reproduce
