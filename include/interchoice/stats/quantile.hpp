#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"

namespace interchoice {

namespace detail {

/// `quantile` of values that are sorted already; NaN of none.
inline double sorted_quantile(std::span<const double> sorted, double fraction) {
  if (sorted.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - std::floor(place));
}

}  // namespace detail

/// The value below which a fraction of the values lies; between two of them by straight lines.
///
///     h = fraction · (n - 1),  quantile = x_(⌊h⌋) + (h - ⌊h⌋) (x_(⌊h⌋+1) - x_(⌊h⌋))
///
/// with x sorted and counted from 0. Fraction 0 is the least, 0.5 the median, 1 the largest. Equal
/// values need no rule.
///
/// *Throws*: `std::invalid_argument` if there are no values, if one is NaN or infinite, or if the
/// fraction is outside [0, 1].
///
/// *Cost*: O(n log n).
///
/// *Source*: Hyndman & Fan, "Sample Quantiles in Statistical Packages" (1996), definition 7, as
/// numpy and R do by default.
inline double quantile(std::span<const double> values, double fraction) {
  detail::check_values("quantile", {"values", values}, 1);
  if (!(fraction >= 0 && fraction <= 1)) {
    detail::fail_statistic(
        "quantile", fmt::format("fraction {} is outside [0, 1]; the median is 0.5", fraction));
  }
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  return detail::sorted_quantile(sorted, fraction);
}

}  // namespace interchoice
