#pragma once

// Methods beside each other on one experiment: the report's data, and what may be concluded.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "examples/reproduce/budget.hpp"
#include "examples/study/study_runs.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/report/curve_figures.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/stats/bootstrap_difference.hpp"
#include "interchoice/stats/ensemble.hpp"
#include "interchoice/stats/mean_and_standard_deviation.hpp"
#include "interchoice/stats/prediction_quality.hpp"

namespace reproduce {

using examples::Evaluation;
using examples::Experiment;
using examples::Method;
using examples::predictions_of;
using examples::StudyRuns;

/// The folder of a reproduction's super-networks, which all programs share.
inline examples::StudyPlace place_of(const StudyOptions& options) {
  return {.runs = options.out / "runs",
          .seeds = options.seeds,
          .device = examples::prepare(options.machine),
          .tasks = options.tasks};
}

/// The predictions of every method's super-networks beside the ground truth.
inline ic::Report report_of(const StudyRuns& runs, const Experiment& experiment,
                            const Evaluation& evaluation, const std::vector<Method>& methods,
                            const std::vector<double>& truth) {
  ic::Report report = predictions_of(runs, experiment, evaluation, methods);
  report.truth = truth;
  report.truth_label = "test accuracy, trained alone";
  report.truth_unit = "%";
  return report;
}

/// Adds the rules that need no training.
inline void add_rules(ic::Report& report, const Experiment& experiment,
                      const Evaluation& evaluation) {
  for (ic::Predictor& rule : examples::rules_of(experiment, evaluation)) {
    report.predictors.push_back(std::move(rule));
  }
}

/// A report without the predictors whose labels begin like this.
inline ic::Report without(ic::Report report, std::string_view beginning) {
  std::erase_if(report.predictors, [&](const ic::Predictor& predictor) {
    return predictor.label.starts_with(beginning);
  });
  return report;
}

/// What the training of super-networks took.
struct TrainingCost {
  std::size_t networks = 0;
  double seconds = 0;  ///< by each training's clock

  /// Adds the methods' super-networks that are there.
  void add(const StudyRuns& runs, const Experiment& experiment,
           const std::vector<Method>& methods) {
    for (const Method& method : methods) {
      for (std::uint64_t seed = 0; seed < runs.place().seeds; ++seed) {
        const auto result = runs.result(experiment, method, seed);
        if (!result) continue;
        ++networks;
        seconds += result->seconds;
      }
    }
  }
};

/// How much of a method's quality there is, and how it stands to the baseline's.
struct Standing {
  ic::MeanAndStandardDeviation value;  ///< over seeds
  double ensemble = 0;                 ///< of the mean of the predictions of all seeds
  ic::ConfidenceInterval difference;   ///< to the baseline, over seeds and architectures
};

/// The conclusion from a difference: its sign, if the interval leaves no doubt of it.
inline std::string verdict(const ic::ConfidenceInterval& difference) {
  if (!(difference.low <= difference.high)) return "undefined";
  return difference.low > 0 ? "better" : difference.high < 0 ? "worse" : "within noise";
}

inline double tau_b(std::span<const double> predictions, std::span<const double> truth) {
  return ic::kendall_tau_b(predictions, truth);
}
/// Of the ten best, as the paper's curves end; 0 random choice, 1 the single best.
inline double improvement(std::span<const double> predictions, std::span<const double> truth) {
  return ic::prediction_quality(predictions, truth).best_improvement;
}

template <class Metric>
Standing standing(const std::vector<std::vector<double>>& runs,
                  const std::vector<std::vector<double>>& baseline,
                  const std::vector<double>& truth, const Metric& metric) {
  std::vector<std::vector<double>> values;  // NaN of a network that predicts the same for all
  for (const auto& run : runs) values.push_back({metric(run, truth)});
  return {ic::mean_and_standard_deviation_curve(values).front(),
          metric(ic::mean_of_predictions(runs), truth),
          ic::bootstrap_difference(runs, baseline, truth, metric)};
}

}  // namespace reproduce
