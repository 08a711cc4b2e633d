#pragma once

#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/ensemble.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/self_consistency.hpp"

namespace interchoice {

/// The agreement of repeated trainings of the same architectures.
struct NoiseCeiling {
  std::vector<double> pairs;         ///< correlations of every two repeats
  std::vector<double> against_rest;  ///< of each repeat with the mean of the others
  double between_two = 0;            ///< mean of `pairs`
  double with_rest = 0;              ///< mean of `against_rest`
};

/// The noise ceiling: the agreement that a prediction can reach at all with a ground truth that was
/// measured with noise.
///
///     pairs        = correlation(repeat_i, repeat_j), i < j
///     against_rest = correlation(repeat_i, mean of the others)
///
/// A prediction as good as another training of every architecture reaches `between_two` against one
/// repeat; one as good as the mean of the others reaches `with_rest`. Against the mean of all
/// repeats, which is less noisy, more can be reached than either. For two repeats both are the
/// same.
///
/// *Throws*: `std::invalid_argument` if there are fewer than two repeats, if their lengths differ,
/// if there are fewer than two values, or if one is NaN or infinite.
///
/// *Cost*: repeats² / 2 correlations. The correlation's rule for ties holds.
template <class Correlation = decltype(kendall_tau_b)>
NoiseCeiling noise_ceiling(std::span<const std::vector<double>> repeats,
                           const Correlation& correlation = kendall_tau_b) {
  detail::check_runs("noise_ceiling", repeats, 2, 2);
  NoiseCeiling ceiling;
  const CorrelationMatrix matrix = self_consistency(repeats, correlation);
  ceiling.pairs = matrix.pairs();
  ceiling.between_two = matrix.mean();
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    std::vector<std::vector<double>> others;
    for (std::size_t j = 0; j < repeats.size(); ++j) {
      if (j != i) others.push_back(repeats[j]);
    }
    const std::vector<double> rest = mean_of_predictions(others);
    ceiling.against_rest.push_back(
        correlation(std::span<const double>(repeats[i]), std::span<const double>(rest)));
  }
  const std::vector<double>& rests = ceiling.against_rest;
  ceiling.with_rest =
      std::accumulate(rests.begin(), rests.end(), 0.0) / static_cast<double>(rests.size());
  return ceiling;
}

}  // namespace interchoice
