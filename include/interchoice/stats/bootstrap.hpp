#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/quantile.hpp"

namespace interchoice {

/// How a bootstrap is done.
struct BootstrapOptions {
  Seed seed = {};                  ///< results are a pure function of it and the data
  std::uint32_t resamples = 1000;  ///< how often the data are drawn again
  double level = 0.95;             ///< share of the resamples that the interval holds
};

/// A number with the interval in which it moves when the data are drawn again.
struct ConfidenceInterval {
  double estimate = 0;        ///< of the data as they are
  double low = 0;             ///< the (1 - level) / 2 quantile of the resamples
  double high = 0;            ///< the (1 + level) / 2 quantile of the resamples
  std::size_t undefined = 0;  ///< resamples whose value was NaN; the interval leaves them out
};

/// What is drawn again where there are several runs.
enum class Resampled {
  kSeeds,                  ///< the runs: how far the mean rests on the seeds that were taken
  kSeedsAndArchitectures,  ///< the runs, and in each resample the architectures of all of them
};

namespace detail {

inline void check_bootstrap(const BootstrapOptions& options) {
  if (options.resamples == 0) {
    throw std::invalid_argument(
        "interchoice: bootstrap: 0 resamples have no quantiles; take 1000 or more");
  }
  if (!(options.level > 0 && options.level < 1)) {
    throw std::invalid_argument("interchoice: bootstrap: level " + std::to_string(options.level) +
                                " is not between 0 and 1; 0.95 is usual");
  }
}

/// `count` places out of {0, …, count - 1}, with replacement.
inline std::vector<std::size_t> draw_places(std::size_t count, CounterRandom& random) {
  std::vector<std::size_t> places(count);
  for (std::size_t& place : places) place = random.below(static_cast<std::uint32_t>(count));
  return places;
}

inline std::vector<double> taken(std::span<const double> values,
                                 std::span<const std::size_t> places) {
  std::vector<double> result(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) result[i] = values[places[i]];
  return result;
}

/// The interval of each point of a curve from the curves of all resamples.
inline std::vector<ConfidenceInterval> intervals(const std::vector<double>& estimates,
                                                 const std::vector<std::vector<double>>& resampled,
                                                 double level) {
  std::vector<ConfidenceInterval> result(estimates.size());
  std::vector<double> values;
  for (std::size_t point = 0; point < estimates.size(); ++point) {
    ConfidenceInterval& interval = result[point];
    interval.estimate = estimates[point];
    values.clear();
    for (const std::vector<double>& curve : resampled) {
      if (curve.size() != estimates.size()) {
        throw std::invalid_argument(
            "interchoice: bootstrap: the metric returned a curve of " +
            std::to_string(curve.size()) + " points for a resample and one of " +
            std::to_string(estimates.size()) +
            " for the data; its length may depend on the number of architectures only");
      }
      if (!std::isnan(curve[point])) values.push_back(curve[point]);
    }
    interval.undefined = resampled.size() - values.size();
    std::sort(values.begin(), values.end());
    interval.low = sorted_quantile(values, (1 - level) / 2);
    interval.high = sorted_quantile(values, (1 + level) / 2);
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
  detail::check_bootstrap(options);
  std::vector<std::vector<double>> resampled;
  resampled.reserve(options.resamples);
  for (std::uint32_t b = 0; b < options.resamples; ++b) {
    CounterRandom random(options.seed, Stream::kBootstrap, 0, b);
    const auto places = detail::draw_places(truth.size(), random);
    const auto drawn_predictions = detail::taken(predictions, places);
    const auto drawn_truth = detail::taken(truth, places);
    resampled.push_back(
        metric(std::span<const double>(drawn_predictions), std::span<const double>(drawn_truth)));
  }
  return detail::intervals(metric(predictions, truth), resampled, options.level);
}

/// Percentile bootstrap of a metric over architectures.
///
///     value_b = metric(p[i_1], …, p[i_n]; t[i_1], …, t[i_n]),  i_k uniform on {1, …, n}
///     [low, high] = quantiles (1 ∓ level) / 2 of value_1, …, value_B
///
/// How far the number rests on which architectures were evaluated. `metric(predictions, truth)` is
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
                                        Resampled what = Resampled::kSeeds) {
  detail::check_bootstrap(options);
  if (runs.empty()) {
    throw std::invalid_argument(
        "interchoice: bootstrap_over_seeds: there are no runs; give the "
        "predictions of at least one");
  }
  std::vector<double> values;  // of the runs, all architectures
  double estimate = 0;
  for (const std::vector<double>& run : runs) {
    detail::check_pairs("bootstrap_over_seeds", {"a run", run}, {"truth", truth});
    values.push_back(metric(std::span<const double>(run), truth));
    estimate += values.back() / static_cast<double>(runs.size());
  }
  std::vector<std::vector<double>> resampled;
  resampled.reserve(options.resamples);
  for (std::uint32_t b = 0; b < options.resamples; ++b) {
    CounterRandom random(options.seed, Stream::kBootstrap, 1, b);
    const auto drawn_runs = detail::draw_places(runs.size(), random);
    std::vector<double> drawn_values = values;
    if (what == Resampled::kSeedsAndArchitectures) {
      const auto places = detail::draw_places(truth.size(), random);
      const auto drawn_truth = detail::taken(truth, places);
      for (std::size_t i = 0; i < runs.size(); ++i) {
        const auto drawn_predictions = detail::taken(runs[i], places);
        drawn_values[i] = metric(std::span<const double>(drawn_predictions),
                                 std::span<const double>(drawn_truth));
      }
    }
    double mean = 0;
    for (const std::size_t run : drawn_runs) {
      mean += drawn_values[run] / static_cast<double>(runs.size());
    }
    resampled.push_back({mean});
  }
  return detail::intervals({estimate}, resampled, options.level).front();
}

}  // namespace interchoice
