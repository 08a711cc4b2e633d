#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"

namespace interchoice {

/// The places of the values, best (largest) first: element 0 is the index of the largest value.
///
/// Equal values keep the order they came in, so the result never depends on the sort's internals.
/// Every rule "the n best" of this library means the first n of this order.
///
/// *Throws*: `std::invalid_argument` if a value is NaN or infinite.
///
/// *Cost*: O(n log n).
inline std::vector<std::size_t> best_first(std::span<const double> values) {
  detail::check_values("best_first", {"values", values}, 0);
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] > values[b]; });
  return order;
}

/// The rank of every value, 1 for the smallest; equal values share the mean of their places.
///
///     rank(v) = #{smaller than v} + (#{equal to v} + 1) / 2
///
/// *Throws*: `std::invalid_argument` if a value is NaN or infinite.
///
/// *Cost*: O(n log n).
inline std::vector<double> average_ranks(std::span<const double> values) {
  const std::vector<std::size_t> order = best_first(values);
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    // The group fills the places first + 1, …, last from the top, which is n - last + 1, …,
    // n - first from the bottom.
    const double rank = 0.5 * static_cast<double>(2 * order.size() - first - last + 1);
    for (std::size_t i = first; i < last; ++i) ranks[order[i]] = rank;
  }
  return ranks;
}

}  // namespace interchoice
