#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_runs.hpp"
#include "interchoice/stats/ensemble.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/self_consistency.hpp"

namespace interchoice {

/// How well repeated trainings of the same architectures know each other.
struct NoiseCeiling {
  std::vector<double> pairs;         ///< correlations of every two repeats
  std::vector<double> against_rest;  ///< of each repeat with the mean of the others
  double between_two = 0;            ///< mean of `pairs`
  double with_rest = 0;              ///< mean of `against_rest`
};

/// The noise ceiling: what a prediction can reach at all against a ground truth that was measured
/// with noise.
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
/// *Cost*: repeats² / 2 correlations. Ties are the correlation's matter.
template <class Correlation>
NoiseCeiling noise_ceiling(std::span<const std::vector<double>> repeats,
                           const Correlation& correlation) {
  detail::check_runs("noise_ceiling", repeats, 2, 2);
  NoiseCeiling ceiling;
  ceiling.pairs = self_consistency(repeats, correlation).pairs();
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    std::vector<std::vector<double>> others;
    for (std::size_t j = 0; j < repeats.size(); ++j) {
      if (j != i) others.push_back(repeats[j]);
    }
    const std::vector<double> rest = mean_of_predictions(others);
    ceiling.against_rest.push_back(
        correlation(std::span<const double>(repeats[i]), std::span<const double>(rest)));
  }
  const auto mean = [](const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
  };
  ceiling.between_two = mean(ceiling.pairs);
  ceiling.with_rest = mean(ceiling.against_rest);
  return ceiling;
}

/// The noise ceiling in Kendall's tau-b.
inline NoiseCeiling noise_ceiling(std::span<const std::vector<double>> repeats) {
  return noise_ceiling(repeats, [](std::span<const double> x, std::span<const double> y) {
    return kendall_tau_b(x, y);
  });
}

}  // namespace interchoice
