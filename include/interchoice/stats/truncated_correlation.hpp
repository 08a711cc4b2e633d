#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/detail/fenwick_tree.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/ranks.hpp"

namespace interchoice {

namespace detail {

/// Numbers the distinct values 0, 1, …, smallest first, and returns each value's number.
inline std::vector<std::size_t> dense_ranks(std::span<const double> values) {
  std::vector<double> distinct(values.begin(), values.end());
  std::ranges::sort(distinct);
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<std::size_t> ranks(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto place = std::lower_bound(distinct.begin(), distinct.end(), values[i]);
    ranks[i] = static_cast<std::size_t>(place - distinct.begin());
  }
  return ranks;
}

}  // namespace detail

/// Kendall's tau-b among the n truly best architectures, for every n: element n - 1 is the
/// correlation that is left when all but the n best by ground truth are removed.
///
/// A correlation over a whole search space is mostly won by telling hopeless architectures from
/// good ones; this curve shows how fast it vanishes where it matters. Equal true values keep the
/// order they came in (`best_first`).
///
/// NaN where tau-b is undefined: always for n = 1, and while all truths or all predictions are
/// equal.
///
/// *Throws*: `std::invalid_argument` if the lengths differ, if there are fewer than two values, or
/// if one is NaN or infinite.
///
/// *Cost*: O(n log n) for the whole curve: each architecture is compared with the better ones
/// through a tree of counts.
///
/// *Source*: figure 3 (bottom) of the paper.
inline std::vector<double> truncated_kendall_tau_b(std::span<const double> predictions,
                                                   std::span<const double> truth) {
  detail::check_pairs("truncated_kendall_tau_b", {"predictions", predictions}, {"truth", truth});
  const std::vector<std::size_t> order = best_first(truth);
  const std::vector<std::size_t> ranks = detail::dense_ranks(predictions);

  detail::FenwickTree better(truth.size());        // predictions of truly better ones
  std::vector<std::uint64_t> alike(truth.size());  // by rank: those of equal truth
  std::vector<double> taus;
  taus.reserve(truth.size());
  PairCounts pairs;  // x: predictions, y: truth
  for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
    for (; last < order.size() && truth[order[last]] == truth[order[first]]; ++last) {
      const std::size_t rank = ranks[order[last]];
      const std::uint64_t below = better.below(rank);
      const std::uint64_t below_or_equal = better.below(rank + 1);
      pairs.discordant += below;
      pairs.tied_in_x_only += below_or_equal - below;
      pairs.concordant += first - below_or_equal;
      pairs.tied_in_both += alike[rank];
      pairs.tied_in_y_only += (last - first) - alike[rank];
      pairs.total += last;
      ++alike[rank];
      taus.push_back(pairs.tau_b());
    }
    for (std::size_t i = first; i < last; ++i) {
      better.increment(ranks[order[i]]);
      alike[ranks[order[i]]] = 0;
    }
  }
  return taus;
}

/// Any correlation among the n truly best architectures, for chosen n.
///
/// `truncated_correlation(predictions, truth, sizes, pearson)[k]` is Pearson's coefficient of the
/// `sizes[k]` best by ground truth. Equal true values keep the order they came in.
///
/// `correlation` is called as `double(std::span<const double>, std::span<const double>)` with the
/// predictions and true values that remain.
///
/// *Throws*: `std::invalid_argument` if the lengths differ, if there are fewer than two values, or
/// if one is NaN or infinite; `std::out_of_range` if a size is less than two or more than all.
///
/// *Cost*: one call of `correlation` for each size.
template <class Correlation>
std::vector<double> truncated_correlation(std::span<const double> predictions,
                                          std::span<const double> truth,
                                          std::span<const std::size_t> sizes,
                                          Correlation correlation) {
  detail::check_pairs("truncated_correlation", {"predictions", predictions}, {"truth", truth});
  std::vector<double> sorted_predictions;
  std::vector<double> sorted_truth;
  for (const std::size_t index : best_first(truth)) {
    sorted_predictions.push_back(predictions[index]);
    sorted_truth.push_back(truth[index]);
  }
  std::vector<double> results;
  for (const std::size_t size : sizes) {
    if (size < 2 || size > truth.size()) {
      throw std::out_of_range(fmt::format(
          "interchoice: truncated_correlation: a correlation of {} architectures; from 2 to {} are "
          "possible",
          size, truth.size()));
    }
    results.push_back(correlation(std::span<const double>(sorted_predictions).first(size),
                                  std::span<const double>(sorted_truth).first(size)));
  }
  return results;
}

}  // namespace interchoice
