#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/quantile.hpp"

namespace interchoice {

/// The options of a bootstrap.
struct BootstrapOptions {
  Seed seed = {};                  ///< results are a pure function of it and the data
  std::uint32_t resamples = 1000;  ///< the number of times that the data are drawn again
  double level = 0.95;             ///< fraction of the resamples that the interval holds
};

/// A number with its interval over resamples of the data.
struct ConfidenceInterval {
  double estimate = 0;        ///< of the data as they are
  double low = 0;             ///< the (1 - level) / 2 quantile of the resamples
  double high = 0;            ///< the (1 + level) / 2 quantile of the resamples
  std::size_t undefined = 0;  ///< resamples whose value was NaN; the interval leaves them out
};

/// The parts of the data that are drawn again where there are several runs.
enum class Resampled {
  kSeeds,                  ///< the runs: how far the mean rests on the seeds that were taken
  kSeedsAndArchitectures,  ///< the runs, and in each resample the architectures of all of them
};

namespace detail {

/// `count` indices out of {0, …, count - 1}, with replacement.
inline std::vector<std::size_t> draw_indices(std::size_t count, CounterRandom& random) {
  std::vector<std::size_t> indices(count);
  for (std::size_t& index : indices) index = random.below(static_cast<std::uint32_t>(count));
  return indices;
}

/// The indices 0, …, count - 1.
inline std::vector<std::size_t> every_index(std::size_t count) {
  std::vector<std::size_t> indices(count);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return indices;
}

inline std::vector<double> values_at(std::span<const double> values,
                                     std::span<const std::size_t> indices) {
  std::vector<double> result(indices.size());
  for (std::size_t i = 0; i < indices.size(); ++i) result[i] = values[indices[i]];
  return result;
}

/// Mean of a metric over some runs, on some architectures, by their indices.
template <class Metric>
double mean_over_runs(std::span<const std::vector<double>> runs,
                      std::span<const std::size_t> run_indices, std::span<const double> truth,
                      std::span<const std::size_t> indices, const Metric& metric) {
  const std::vector<double> drawn_truth = values_at(truth, indices);
  double mean = 0;
  for (const std::size_t run : run_indices) {
    const std::vector<double> predictions = values_at(runs[run], indices);
    mean += metric(std::span<const double>(predictions), std::span<const double>(drawn_truth)) /
            static_cast<double>(run_indices.size());
  }
  return mean;
}

/// The interval of each point of a curve, of which `draw(random)` returns a resample.
///
/// `draws` tells the kinds of bootstrap apart, so that they do not share random numbers.
template <class Draw>
std::vector<ConfidenceInterval> percentile_intervals(const std::vector<double>& estimates,
                                                     const BootstrapOptions& options,
                                                     std::uint32_t draws, const Draw& draw) {
  if (options.resamples == 0) {
    fail_statistic("bootstrap", "0 resamples have no quantiles; take 1000 or more");
  }
  if (!(options.level > 0 && options.level < 1)) {
    fail_statistic("bootstrap",
                   fmt::format("level {} is not between 0 and 1; 0.95 is usual", options.level));
  }
  std::vector<std::vector<double>> resampled(estimates.size());  // the values of each point
  for (std::uint32_t b = 0; b < options.resamples; ++b) {
    CounterRandom random(options.seed, Stream::kBootstrap, draws, b);
    const std::vector<double> curve = draw(random);
    if (curve.size() != estimates.size()) {
      fail_statistic("bootstrap",
                     fmt::format("the metric returned a curve of {} points for a resample and one "
                                 "of {} for the data; its length may depend on the number of "
                                 "architectures only",
                                 curve.size(), estimates.size()));
    }
    for (std::size_t point = 0; point < curve.size(); ++point) {
      if (!std::isnan(curve[point])) resampled[point].push_back(curve[point]);
    }
  }
  std::vector<ConfidenceInterval> result;
  for (std::size_t point = 0; point < estimates.size(); ++point) {
    std::vector<double>& values = resampled[point];
    std::ranges::sort(values);
    result.push_back({estimates[point], sorted_quantile(values, (1 - options.level) / 2),
                      sorted_quantile(values, (1 + options.level) / 2),
                      options.resamples - values.size()});
  }
  return result;
}

}  // namespace detail

/// Percentile bootstrap of a curve over architectures: `bootstrap`, point by point.
///
/// `metric(predictions, truth)` returns a `std::vector<double>`, always as long for as many
/// architectures: `improvement_curve(p, t).mean`, `truncated_kendall_tau_b(p, t)`, … The intervals
/// hold for each point, not for all at once.
///
/// *Throws*: as `bootstrap`, and `std::invalid_argument` if the length changes.
///
/// *Cost*: `resamples + 1` calls of the metric; memory for `resamples` curves.
template <class Metric>
std::vector<ConfidenceInterval> bootstrap_curve(std::span<const double> predictions,
                                                std::span<const double> truth, const Metric& metric,
                                                const BootstrapOptions& options = {}) {
  detail::check_pairs("bootstrap", {"predictions", predictions}, {"truth", truth});
  return detail::percentile_intervals(
      metric(predictions, truth), options, 0, [&](CounterRandom& random) {
        const auto indices = detail::draw_indices(truth.size(), random);
        const auto drawn_predictions = detail::values_at(predictions, indices);
        const auto drawn_truth = detail::values_at(truth, indices);
        return metric(std::span<const double>(drawn_predictions),
                      std::span<const double>(drawn_truth));
      });
}

/// Percentile bootstrap of a metric over architectures.
///
///     value_b = metric(p[i_1], …, p[i_n]; t[i_1], …, t[i_n]),  i_k uniform on {1, …, n}
///     [low, high] = quantiles (1 ∓ level) / 2 of value_1, …, value_B
///
/// The uncertainty from the choice of the evaluated architectures. `metric(predictions, truth)` is
/// any callable of two `std::span<const double>` that returns a number.
///
/// A resample holds some architectures more than once. These are ties in both arguments, which
/// tau-b leaves out of its fraction; a metric that breaks ties by order breaks them by the order of
/// the resample. Resamples for which the metric is NaN (all values equal) are counted and left out;
/// low and high are NaN if all are.
///
/// *Throws*: `std::invalid_argument` if the lengths differ, if there are fewer than two values, if
/// one is NaN or infinite, or for no resamples or a level outside (0, 1).
///
/// *Cost*: `resamples + 1` calls of the metric.
///
/// *Source*: Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. Draws are
/// keyed: resample b is a pure function of (seed, b, n).
template <class Metric>
ConfidenceInterval bootstrap(std::span<const double> predictions, std::span<const double> truth,
                             const Metric& metric, const BootstrapOptions& options = {}) {
  const auto one_point = [&](std::span<const double> p, std::span<const double> t) {
    return std::vector<double>{metric(p, t)};
  };
  return bootstrap_curve(predictions, truth, one_point, options).front();
}

/// Percentile bootstrap of the mean over runs (super-networks that differ in their seed) of a
/// metric.
///
///     value_b = mean over k of metric(run[j_k], truth),  j_k uniform on the runs
///
/// With `Resampled::kSeedsAndArchitectures` every resample draws architectures as well, the same
/// ones for all runs: the uncertainty of both at once. Three runs have only ten different
/// resamples, so an interval over few seeds is a rough one, and too narrow.
///
/// *Throws*: as `bootstrap`, and `std::invalid_argument` for no runs.
///
/// *Cost*: one call of the metric for each run, or `resamples` as many.
template <class Metric>
ConfidenceInterval bootstrap_over_seeds(std::span<const std::vector<double>> runs,
                                        std::span<const double> truth, const Metric& metric,
                                        const BootstrapOptions& options = {},
                                        Resampled resampled = Resampled::kSeeds) {
  detail::check_runs("bootstrap_over_seeds", runs, 1, 2);
  detail::check_pairs("bootstrap_over_seeds", {"a run", runs[0]}, {"truth", truth});
  std::vector<double> values;  // of the runs, all architectures
  for (const std::vector<double>& run : runs) {
    values.push_back(metric(std::span<const double>(run), truth));
  }
  const auto mean_at = [&](const std::vector<std::size_t>& indices) {
    double mean = 0;
    for (const std::size_t run : indices) mean += values[run] / static_cast<double>(indices.size());
    return mean;
  };
  return detail::percentile_intervals(
             {mean_at(detail::every_index(runs.size()))}, options, 1,
             [&](CounterRandom& random) {
               const auto drawn = detail::draw_indices(runs.size(), random);
               if (resampled == Resampled::kSeeds) return std::vector<double>{mean_at(drawn)};
               const auto indices = detail::draw_indices(truth.size(), random);
               return std::vector<double>{
                   detail::mean_over_runs(runs, drawn, truth, indices, metric)};
             })
      .front();
}

}  // namespace interchoice
