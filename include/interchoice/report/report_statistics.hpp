#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "interchoice/report/report.hpp"
#include "interchoice/stats/bootstrap.hpp"
#include "interchoice/stats/bootstrap_difference.hpp"
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

/// The predictor that is best in a quality, and how far others are behind it.
struct Leader {
  /// The lead over one other predictor.
  struct Lead {
    std::size_t other;            ///< its number
    ConfidenceInterval interval;  ///< of the difference, over seeds and architectures
    /// Whether it is beyond the noise.
    bool is_clear() const { return interval.low > 0; }
  };
  std::size_t predictor = 0;
  std::vector<Lead> leads = {};  ///< over every other predictor

  /// Whether it is best beyond the noise.
  bool is_clear() const { return std::ranges::all_of(leads, &Lead::is_clear); }
};

/// The numbers of a report. Without a truth there are no qualities, and no leaders.
struct ReportStatistics {
  std::vector<PredictorStatistics> predictors;
  std::optional<Leader> best_tau_b;
  std::optional<Leader> best_improvement;
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
    {"best_mean_expected", &PredictionQuality::best_mean_expected},
    {"best_improvement_expected", &PredictionQuality::best_improvement_expected}};

/// The number of resamples: fewer for many architectures, so that a report takes seconds.
inline std::uint32_t resamples_for(std::size_t architectures) {
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(2'000'000 / architectures, 100, 1000));
}

/// `prediction_quality(…).best_improvement_expected` alone, which needs no order of all.
inline double best_improvement(std::span<const double> predictions, std::span<const double> truth) {
  const std::size_t kept = std::min(kBestKept, truth.size());
  std::vector<double> sorted(predictions.begin(), predictions.end());
  const auto last = sorted.begin() + static_cast<std::ptrdiff_t>(kept - 1);
  std::nth_element(sorted.begin(), last, sorted.end(), std::greater<>());
  const double cut = *last;
  double above = 0, at_cut = 0, all = 0;
  std::size_t count_above = 0, count_at_cut = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    all += truth[i];
    if (predictions[i] > cut) {
      above += truth[i];
      ++count_above;
    } else if (predictions[i] == cut) {
      at_cut += truth[i];
      ++count_at_cut;
    }
  }
  // Of those at the cut, which are equal, each is as probable as any other.
  const double taken = static_cast<double>(kept - count_above) / static_cast<double>(count_at_cut);
  const double best_mean = (above + taken * at_cut) / static_cast<double>(kept);
  const double mean = all / static_cast<double>(truth.size());
  const auto [least, most] = std::ranges::minmax(truth);
  if (least == most) return std::numeric_limits<double>::quiet_NaN();
  return (best_mean - mean) / (most - mean);
}

inline QualityIntervals intervals_of(std::span<const std::vector<double>> runs,
                                     std::span<const double> truth, std::uint32_t resamples) {
  if (truth.empty()) {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    return {{kNan, kNan, kNan}, {kNan, kNan, kNan}};
  }
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

/// The quality of a prediction; undefined without a truth.
inline PredictionQuality quality_of(std::span<const double> predictions,
                                    std::span<const double> truth) {
  if (!truth.empty()) return prediction_quality(predictions, truth);
  PredictionQuality quality;
  for (const auto& [name, member] : kAveragedQualities) {
    quality.*member = std::numeric_limits<double>::quiet_NaN();
  }
  quality.best_kept = std::min(kBestKept, predictions.size());
  return quality;
}

inline PredictorStatistics predictor_statistics(const Predictor& predictor,
                                                std::span<const double> truth,
                                                std::uint32_t resamples) {
  PredictorStatistics statistics;
  for (const std::vector<double>& run : predictor.runs) {
    statistics.runs.push_back(quality_of(run, truth));
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
    statistics.ensemble = quality_of(one.front(), truth);
    statistics.ensemble_intervals = intervals_of(one, truth, resamples);
    statistics.consistency = consistency_of(predictor.runs);
  }
  return statistics;
}

inline double or_lowest(double value) {
  return std::isnan(value) ? -std::numeric_limits<double>::infinity() : value;
}

template <class Metric>
Leader leader_of(const Report& report, const ReportStatistics& statistics, QualityMember quality,
                 const Metric& metric) {
  const auto value = [&](const PredictorStatistics& one) { return or_lowest(one.mean.*quality); };
  const auto best = std::ranges::max_element(statistics.predictors, {}, value);
  Leader leader{static_cast<std::size_t>(best - statistics.predictors.begin())};
  for (std::size_t other = 0; other < report.predictors.size(); ++other) {
    if (other == leader.predictor) continue;
    leader.leads.push_back(
        {other, bootstrap_difference(report.predictors[leader.predictor].runs,
                                     report.predictors[other].runs, report.truth, metric,
                                     {.resamples = statistics.resamples})});
  }
  return leader;
}

}  // namespace detail

/// Computes the numbers of a report.
///
/// *Cost*: 100 to 1000 correlations for each run, the fewer the more architectures, and as many to
/// compare it with the best.
inline ReportStatistics report_statistics(const Report& report) {
  ReportStatistics statistics;
  if (!report.truth.empty()) statistics.resamples = detail::resamples_for(report.truth.size());
  for (const Predictor& predictor : report.predictors) {
    statistics.predictors.push_back(
        detail::predictor_statistics(predictor, report.truth, statistics.resamples));
  }
  if (statistics.resamples > 0) {
    statistics.best_tau_b =
        detail::leader_of(report, statistics, &PredictionQuality::kendall_tau_b, kendall_tau_b);
    statistics.best_improvement =
        detail::leader_of(report, statistics, &PredictionQuality::best_improvement_expected,
                          detail::best_improvement);
  }
  if (!report.truth_repeats.empty()) statistics.noise = noise_ceiling(report.truth_repeats);
  return statistics;
}

/// The super-network that ranks best; the first one without a truth, the first predictor where all
/// are rules. Its order is the one that is shown first.
inline std::size_t leading_predictor(const Report& report, const ReportStatistics& statistics) {
  const auto value = [&](std::size_t i) {
    return std::pair(!report.predictors[i].baseline,
                     detail::or_lowest(statistics.predictors[i].mean.kendall_tau_b));
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < report.predictors.size(); ++i) {
    if (value(i) > value(best)) best = i;
  }
  return best;
}

/// The means of an improvement curve, the expectation over orders of equal predictions.
inline std::vector<double> expected_mean(std::span<const double> predictions,
                                         std::span<const double> truth) {
  return improvement_curve(predictions, truth, Ties::kExpected).mean;
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
