#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/stats/bootstrap.hpp"
#include "interchoice/stats/detail/checked_values.hpp"

namespace interchoice {

/// Percentile bootstrap of the advantage of one method over another, each with several runs.
///
///     value_b = mean_k metric(first[j_k], truth) - mean_k metric(second[l_k], truth)
///
/// In every resample the architectures are drawn once, for all runs, so that the difficulty of a
/// set of architectures, which is the same for both, cancels; runs are drawn for each method on its
/// own. An interval that holds 0 means: these data do not tell the methods apart. Of few runs it is
/// too narrow: three have ten different resamples.
///
/// *Throws*: as `bootstrap_over_seeds`.
///
/// *Cost*: `resamples + 1` calls of the metric for each run.
template <class Metric>
ConfidenceInterval bootstrap_difference(std::span<const std::vector<double>> first,
                                        std::span<const std::vector<double>> second,
                                        std::span<const double> truth, const Metric& metric,
                                        const BootstrapOptions& options = {}) {
  for (const auto& runs : {first, second}) {
    detail::check_runs("bootstrap_difference", runs, 1, 2);
    detail::check_pairs("bootstrap_difference", {"a run", runs[0]}, {"truth", truth});
  }
  const auto difference = [&](std::span<const std::size_t> runs1,
                              std::span<const std::size_t> runs2,
                              std::span<const std::size_t> indices) {
    return detail::mean_over_runs(first, runs1, truth, indices, metric) -
           detail::mean_over_runs(second, runs2, truth, indices, metric);
  };
  const double estimate =
      difference(detail::every_index(first.size()), detail::every_index(second.size()),
                 detail::every_index(truth.size()));
  return detail::percentile_intervals(
             {estimate}, options, 2,
             [&](CounterRandom& random) {
               const auto runs1 = detail::draw_indices(first.size(), random);
               const auto runs2 = detail::draw_indices(second.size(), random);
               const auto indices = detail::draw_indices(truth.size(), random);
               return std::vector<double>{difference(runs1, runs2, indices)};
             })
      .front();
}

}  // namespace interchoice
