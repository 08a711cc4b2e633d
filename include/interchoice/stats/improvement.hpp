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

/// The gain from trusting a prediction: element n - 1 of each list is of the n architectures with
/// the best predictions.
struct ImprovementCurve {
  std::vector<double> mean;        ///< their mean true value, in the truth's unit
  std::vector<double> normalised;  ///< 0: as good as all together; 1: as good as the single best
};

/// The rule for architectures with equal predictions when a curve keeps only some of them.
enum class Ties {
  kInputOrder,  ///< those that come first in the input are kept (`best_first`)
  kExpected,  ///< the expectation over all orders of the equal ones, each as probable as any other
};

/// The improvement curve of a prediction, the paper's main metric.
///
///     mean_n       = mean true value of the n best by prediction, n = 1, …, all
///     normalised_n = (mean_n - mean_all) / (max - mean_all)
///
/// An architecture drawn at random has the expectation mean_all, so 0 is the level of no search at
/// all; the last element is 0 always. Pass the truth as its own prediction for the bound that
/// no prediction can exceed. Where predictions are equal, the curve rests on the rule for ties:
/// with `Ties::kInputOrder` it is one that a search really follows, but depends on the order of the
/// input; with `Ties::kExpected` it does not.
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
                                          std::span<const double> truth,
                                          Ties ties = Ties::kInputOrder) {
  detail::check_pairs("improvement_curve", {"predictions", predictions}, {"truth", truth});
  const std::vector<std::size_t> order = best_first(predictions);
  std::vector<double> sums = {0};  // element n: of the n best
  sums.reserve(truth.size() + 1);
  detail::CompensatedSum sum;
  for (const std::size_t index : order) {
    sum.add(truth[index]);
    sums.push_back(sum.value());
  }
  if (ties == Ties::kExpected) {
    for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
      while (last < order.size() && predictions[order[last]] == predictions[order[first]]) ++last;
      const double mean = (sums[last] - sums[first]) / static_cast<double>(last - first);
      for (std::size_t n = first + 1; n < last; ++n) {
        sums[n] = sums[first] + mean * static_cast<double>(n - first);
      }
    }
  }
  ImprovementCurve curve;
  curve.mean.reserve(truth.size());
  for (std::size_t n = 1; n < sums.size(); ++n) {
    curve.mean.push_back(sums[n] / static_cast<double>(n));
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
