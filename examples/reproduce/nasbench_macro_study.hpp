#pragma once

// The super-networks of the sequential experiments on NAS-Bench-Macro.

#include <vector>

#include "examples/reproduce/comparison.hpp"
#include "examples/reproduce/nasbench_macro.hpp"
#include "interchoice/dependency/affine.hpp"
#include "interchoice/dependency/none.hpp"
#include "interchoice/dependency/shift.hpp"
#include "interchoice/dependency/split.hpp"

namespace reproduce {

/// `bias`, the paper's other method, is left out: on these blocks it has no weight that matters, so
/// its super-networks are the baseline's, bit by bit (docs/method.md).
inline std::vector<Method<NasBenchMacro>> nasbench_macro_methods() {
  return {method<ic::none, NasBenchMacro>("baseline"),
          method<ic::shift<1>, NasBenchMacro>("shift D=1"),
          method<ic::affine<1>, NasBenchMacro>("affine D=1"),
          // The paper's splits on its sequential space are at 400 and 500 of 600 epochs.
          method<ic::split<ic::on_demand>, NasBenchMacro>("split at 67 %", 2.0 / 3),
          method<ic::split<ic::on_demand>, NasBenchMacro>("split at 83 %", 5.0 / 6)};
}

/// Trains what is missing; the report, with the rule that needs no training and the three trainings
/// that the ground truth is the mean of.
inline ic::Report nasbench_macro_report(Study& study, const NasBenchMacro& experiment,
                                        const std::vector<Method<NasBenchMacro>>& methods,
                                        const std::string& table) {
  const auto benchmark = ic::TabularBenchmark<NasBenchMacro::Space>::read(table);
  study.add(experiment, methods);
  study.complete();
  const auto& evaluation = experiment.evaluations.front();
  ic::Report report =
      report_of(study, experiment, evaluation, methods, benchmark.column("mean_acc"));
  report.predictors.push_back(parameter_rule(experiment, evaluation));
  for (const char* column : {"acc1", "acc2", "acc3"}) {
    report.truth_repeats.push_back(benchmark.column(column).values(evaluation.architectures));
  }
  return report;
}

}  // namespace reproduce
