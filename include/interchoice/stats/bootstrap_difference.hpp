#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/stats/bootstrap.hpp"
#include "interchoice/stats/detail/checked_runs.hpp"
#include "interchoice/stats/detail/checked_values.hpp"

namespace interchoice {

namespace detail {

/// Mean over runs i_1, i_2, … of a metric on some of the architectures.
template <class Metric>
double mean_over_runs(std::span<const std::vector<double>> runs,
                      std::span<const std::size_t> taken_runs, std::span<const std::size_t> places,
                      std::span<const double> truth, const Metric& metric) {
  double mean = 0;
  for (const std::size_t run : taken_runs) {
    const auto predictions = taken(runs[run], places);
    mean += metric(std::span<const double>(predictions), truth) /
            static_cast<double>(taken_runs.size());
  }
  return mean;
}

}  // namespace detail

/// Percentile bootstrap of what one method is better than another by, each with several runs.
///
///     value_b = mean over k of metric(first[j_k], truth) - mean over k of metric(second[l_k],
///     truth)
///
/// In every resample the architectures are drawn once, for all runs, so that what makes a set of
/// architectures easy for everybody cancels; runs are drawn for each method on its own. An interval
/// that holds 0 means: these data do not tell the methods apart. Of few runs it is too narrow:
/// three have ten different resamples.
///
/// *Throws*: as `bootstrap_over_seeds`.
///
/// *Cost*: `resamples + 1` calls of the metric for each run.
template <class Metric>
ConfidenceInterval bootstrap_difference(std::span<const std::vector<double>> first,
                                        std::span<const std::vector<double>> second,
                                        std::span<const double> truth, const Metric& metric,
                                        const BootstrapOptions& options = {}) {
  detail::check_bootstrap(options);
  for (const auto& runs : {first, second}) {
    detail::check_runs("bootstrap_difference", runs, 1, 2);
    detail::check_pairs("bootstrap_difference", {"a run", runs[0]}, {"truth", truth});
  }
  const auto difference = [&](std::span<const std::size_t> runs1,
                              std::span<const std::size_t> runs2,
                              std::span<const std::size_t> places) {
    const auto drawn = detail::taken(truth, places);
    return detail::mean_over_runs(first, runs1, places, drawn, metric) -
           detail::mean_over_runs(second, runs2, places, drawn, metric);
  };
  const auto every = [](std::size_t count) {
    std::vector<std::size_t> places(count);
    for (std::size_t i = 0; i < count; ++i) places[i] = i;
    return places;
  };
  std::vector<std::vector<double>> resampled;
  for (std::uint32_t b = 0; b < options.resamples; ++b) {
    CounterRandom random(options.seed, Stream::kBootstrap, 2, b);
    const auto runs1 = detail::draw_places(first.size(), random);
    const auto runs2 = detail::draw_places(second.size(), random);
    resampled.push_back({difference(runs1, runs2, detail::draw_places(truth.size(), random))});
  }
  const double estimate =
      difference(every(first.size()), every(second.size()), every(truth.size()));
  return detail::intervals({estimate}, resampled, options.level).front();
}

}  // namespace interchoice
