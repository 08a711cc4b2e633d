#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/detail/compensated_sum.hpp"
#include "interchoice/stats/ranks.hpp"

namespace interchoice {

/// What is gained by trusting a prediction: element n - 1 of each list speaks of the n
/// architectures with the best predictions.
struct ImprovementCurve {
  std::vector<double> mean;        ///< their mean true value, in the truth's unit
  std::vector<double> normalised;  ///< 0: as good as all together; 1: as good as the single best
};

/// The improvement curve of a prediction, the paper's main metric.
///
///     mean_n       = mean true value of the n best by prediction, n = 1, …, all
///     normalised_n = (mean_n - mean_all) / (max - mean_all)
///
/// An architecture drawn at random has the expectation mean_all, so 0 is what no search at all
/// reaches; the last element is 0 always. Pass the truth as its own prediction for the bound that
/// no prediction can exceed. Equal predictions keep the order they came in (`best_first`): where
/// many are equal, the curve depends on that order.
///
/// All `normalised` are NaN if all true values are equal.
///
/// *Throws*: `std::invalid_argument` if the lengths differ, if there are fewer than two values, or
/// if one is NaN or infinite.
///
/// *Cost*: O(n log n).
///
/// *Source*: section 3.4 and figure 3 (top) of the paper, whose curves end at n = 10.
inline ImprovementCurve improvement_curve(std::span<const double> predictions,
                                          std::span<const double> truth) {
  detail::check_pairs("improvement_curve", {"predictions", predictions}, {"truth", truth});
  ImprovementCurve curve;
  curve.mean.reserve(truth.size());
  detail::CompensatedSum sum;
  for (const std::size_t index : best_first(predictions)) {
    sum.add(truth[index]);
    curve.mean.push_back(sum.value() / static_cast<double>(curve.mean.size() + 1));
  }
  const double mean_all = curve.mean.back();
  const auto [min, max] = std::minmax_element(truth.begin(), truth.end());
  curve.normalised.assign(truth.size(), std::numeric_limits<double>::quiet_NaN());
  if (*min < *max) {
    std::transform(curve.mean.begin(), curve.mean.end(), curve.normalised.begin(),
                   [&, best = *max](double mean) { return (mean - mean_all) / (best - mean_all); });
  }
  return curve;
}

}  // namespace interchoice
