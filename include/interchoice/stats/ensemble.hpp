#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/ranks.hpp"

namespace interchoice {

/// Ensemble of several super-networks: the mean of their predictions for each architecture.
///
///     e_i = Σ_r p_ri / R
///
/// Runs on a larger scale weigh more; `mean_of_ranks` weighs all alike.
///
/// *Throws*: `std::invalid_argument` if there are no runs, if their lengths differ, or if a value
/// is NaN or infinite.
///
/// *Cost*: O(runs · n). *Source*: suggested in appendix F of the paper.
inline std::vector<double> mean_of_predictions(std::span<const std::vector<double>> runs) {
  detail::check_runs("mean_of_predictions", runs, 1, 0);
  std::vector<double> means(runs[0].size());
  for (const std::vector<double>& run : runs) {
    for (std::size_t i = 0; i < run.size(); ++i) means[i] += run[i];
  }
  for (double& mean : means) mean /= static_cast<double>(runs.size());
  return means;
}

/// Ensemble of several super-networks: the mean rank that they give each architecture, larger for
/// better.
///
///     e_i = Σ_r rank_r(p_ri) / R,  rank 1 the smallest; equal predictions share the mean of their
///     places
///
/// *Throws*: as `mean_of_predictions`. *Cost*: O(runs · n log n).
///
/// *Source*: Borda's count.
inline std::vector<double> mean_of_ranks(std::span<const std::vector<double>> runs) {
  detail::check_runs("mean_of_ranks", runs, 1, 0);
  std::vector<std::vector<double>> ranks;
  for (const std::vector<double>& run : runs) ranks.push_back(average_ranks(run));
  return mean_of_predictions(ranks);
}

}  // namespace interchoice
