#pragma once

#include <span>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/pearson.hpp"
#include "interchoice/stats/ranks.hpp"

namespace interchoice {

/// Spearman's rank correlation coefficient: Pearson's coefficient of the average ranks.
///
///     rho = pearson(average_ranks(x), average_ranks(y))
///
/// Right with ties, where the short formula 1 - 6 Σ d² / (n³ - n) is not.
///
/// Undefined, and NaN, if all x or all y are equal.
///
/// *Throws*: `std::invalid_argument` if the lengths differ, if there are fewer than two values, or
/// if one is NaN or infinite.
///
/// *Cost*: O(n log n).
inline double spearman(std::span<const double> x, std::span<const double> y) {
  detail::check_pairs("spearman", {"x", x}, {"y", y});
  return pearson(average_ranks(x), average_ranks(y));
}

}  // namespace interchoice
