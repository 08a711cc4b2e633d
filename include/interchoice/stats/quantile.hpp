#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"

namespace interchoice {

namespace detail {

/// `quantile` of values that are sorted already; NaN of none.
inline double sorted_quantile(std::span<const double> sorted, double share) {
  if (sorted.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - std::floor(place));
}

}  // namespace detail

/// The value below which a share of the values lies; between two of them by straight lines.
///
///     h = share · (n - 1),  quantile = x_(⌊h⌋) + (h - ⌊h⌋) (x_(⌊h⌋+1) - x_(⌊h⌋)),  x sorted, from
///     0
///
/// Share 0 is the least, 0.5 the median, 1 the largest. Equal values need no rule.
///
/// *Throws*: `std::invalid_argument` if there are no values, if one is NaN or infinite, or if the
/// share is outside [0, 1].
///
/// *Cost*: O(n log n).
///
/// *Source*: Hyndman & Fan, "Sample Quantiles in Statistical Packages" (1996), definition 7; what
/// numpy and R do if not told otherwise.
inline double quantile(std::span<const double> values, double share) {
  detail::check_values("quantile", {"values", values}, 1);
  if (!(share >= 0 && share <= 1)) {
    throw std::invalid_argument("interchoice: quantile: share " + std::to_string(share) +
                                " is outside [0, 1]; the median is 0.5");
  }
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return detail::sorted_quantile(sorted, share);
}

}  // namespace interchoice
