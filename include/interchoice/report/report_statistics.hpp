#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "interchoice/report/report.hpp"
#include "interchoice/stats/bootstrap.hpp"
#include "interchoice/stats/ensemble.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/mean_and_standard_deviation.hpp"
#include "interchoice/stats/noise_ceiling.hpp"
#include "interchoice/stats/pearson.hpp"
#include "interchoice/stats/prediction_quality.hpp"
#include "interchoice/stats/self_consistency.hpp"
#include "interchoice/stats/spearman.hpp"
#include "interchoice/stats/truncated_correlation.hpp"

namespace interchoice::figures {

/// Bootstrap intervals of two qualities, over seeds and architectures.
struct QualityIntervals {
  ConfidenceInterval kendall_tau_b;
  ConfidenceInterval best_improvement;
};

/// The mean correlation of every two runs of a predictor.
struct SelfConsistency {
  double kendall_tau_b = 0;
  double pearson = 0;
  double spearman = 0;
  std::size_t pairs = 0;
};

/// The numbers of a predictor in a report.
struct PredictorStatistics {
  std::vector<PredictionQuality> runs;
  PredictionQuality mean;                ///< over the runs; NaN where a run's number is
  PredictionQuality standard_deviation;  ///< the sample's; NaN of a single run
  QualityIntervals intervals;
  std::vector<double> mean_prediction;        ///< for each architecture, over the runs
  std::optional<PredictionQuality> ensemble;  ///< of `mean_prediction`, from two runs on
  QualityIntervals ensemble_intervals;
  std::optional<SelfConsistency> consistency;  ///< from two runs on
};

/// The numbers of a report.
struct ReportStatistics {
  std::vector<PredictorStatistics> predictors;
  std::optional<NoiseCeiling> noise;  ///< if the truth was measured repeatedly
  std::uint32_t resamples = 0;        ///< of every interval
};

namespace detail {

using QualityMember = double PredictionQuality::*;

/// The numbers of a prediction that are averaged over runs, by their names in files.
inline constexpr std::pair<const char*, QualityMember> kAveragedQualities[] = {
    {"kendall_tau_b", &PredictionQuality::kendall_tau_b},
    {"pearson", &PredictionQuality::pearson},
    {"spearman", &PredictionQuality::spearman},
    {"best_mean", &PredictionQuality::best_mean},
    {"best_improvement", &PredictionQuality::best_improvement},
    {"best_mean_expected", &PredictionQuality::best_mean_expected}};

/// The number of resamples: fewer for many architectures, so that a report takes seconds.
inline std::uint32_t resamples_for(std::size_t architectures) {
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(2'000'000 / architectures, 100, 1000));
}

/// `prediction_quality(…).best_improvement` alone, which needs no order of all.
inline double best_improvement(std::span<const double> predictions, std::span<const double> truth) {
  std::vector<std::size_t> order = interchoice::detail::every_index(truth.size());
  const std::size_t kept = std::min(kBestKept, order.size());
  const auto last = order.begin() + static_cast<std::ptrdiff_t>(kept);
  const auto is_better = [&](std::size_t a, std::size_t b) {
    return predictions[a] != predictions[b] ? predictions[a] > predictions[b] : a < b;
  };
  std::partial_sort(order.begin(), last, order.end(), is_better);
  const auto sum_of = [&](double sum, std::size_t index) { return sum + truth[index]; };
  const double best_mean =
      std::accumulate(order.begin(), last, 0.0, sum_of) / static_cast<double>(kept);
  const double mean =
      std::accumulate(truth.begin(), truth.end(), 0.0) / static_cast<double>(truth.size());
  const auto [least, most] = std::ranges::minmax(truth);
  if (least == most) return std::numeric_limits<double>::quiet_NaN();
  return (best_mean - mean) / (most - mean);
}

inline QualityIntervals intervals_of(std::span<const std::vector<double>> runs,
                                     std::span<const double> truth, std::uint32_t resamples) {
  const auto interval = [&](const auto& metric) {
    return bootstrap_over_seeds(runs, truth, metric, {.resamples = resamples},
                                Resampled::kSeedsAndArchitectures);
  };
  return {interval(kendall_tau_b), interval(best_improvement)};
}

inline SelfConsistency consistency_of(std::span<const std::vector<double>> runs) {
  return {self_consistency(runs, kendall_tau_b).mean(), self_consistency(runs, pearson).mean(),
          self_consistency(runs, spearman).mean(), runs.size() * (runs.size() - 1) / 2};
}

/// Mean and standard deviation of a quality over the runs; a run without the number leaves none.
inline MeanAndStandardDeviation over_runs(const std::vector<PredictionQuality>& runs,
                                          QualityMember member) {
  std::vector<double> values;
  for (const PredictionQuality& quality : runs) values.push_back(quality.*member);
  if (std::ranges::any_of(values, [](double value) { return std::isnan(value); })) {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    return {kNan, kNan, values.size()};
  }
  return mean_and_standard_deviation(values);
}

inline PredictorStatistics predictor_statistics(const Predictor& predictor,
                                                std::span<const double> truth,
                                                std::uint32_t resamples) {
  PredictorStatistics statistics;
  for (const std::vector<double>& run : predictor.runs) {
    statistics.runs.push_back(prediction_quality(run, truth));
  }
  statistics.mean.best_kept = statistics.runs.front().best_kept;
  statistics.mean.tie_at_cut = std::ranges::any_of(statistics.runs, &PredictionQuality::tie_at_cut);
  for (const auto& [name, member] : kAveragedQualities) {
    const MeanAndStandardDeviation number = over_runs(statistics.runs, member);
    statistics.mean.*member = number.mean;
    statistics.standard_deviation.*member = number.standard_deviation;
  }
  statistics.intervals = intervals_of(predictor.runs, truth, resamples);
  statistics.mean_prediction = mean_of_predictions(predictor.runs);
  if (predictor.runs.size() > 1) {
    const std::vector<std::vector<double>> one = {statistics.mean_prediction};
    statistics.ensemble = prediction_quality(one.front(), truth);
    statistics.ensemble_intervals = intervals_of(one, truth, resamples);
    statistics.consistency = consistency_of(predictor.runs);
  }
  return statistics;
}

}  // namespace detail

/// Computes the numbers of a report.
///
/// *Cost*: 100 to 1000 correlations for each run, the fewer the more architectures.
inline ReportStatistics report_statistics(const Report& report) {
  ReportStatistics statistics;
  statistics.resamples = detail::resamples_for(report.truth.size());
  for (const Predictor& predictor : report.predictors) {
    statistics.predictors.push_back(
        detail::predictor_statistics(predictor, report.truth, statistics.resamples));
  }
  if (!report.truth_repeats.empty()) statistics.noise = noise_ceiling(report.truth_repeats);
  return statistics;
}

/// A curve of a predictor, averaged over its runs: `curve(predictions, truth)` gives one run's.
template <class Curve>
std::vector<MeanAndStandardDeviation> curve_over_runs(const Predictor& predictor,
                                                      const std::vector<double>& truth,
                                                      const Curve& curve) {
  std::vector<std::vector<double>> curves;
  for (const std::vector<double>& run : predictor.runs) curves.push_back(curve(run, truth));
  return mean_and_standard_deviation_curve(curves);
}

/// Whether any super-network was trained with more than one seed.
inline bool has_seeds(const Report& report) {
  return std::ranges::any_of(report.predictors, [](const Predictor& predictor) {
    return !predictor.baseline && predictor.runs.size() > 1;
  });
}

}  // namespace interchoice::figures
