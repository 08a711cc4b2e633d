#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/detail/compensated_sum.hpp"

namespace interchoice {

namespace detail {

/// The values moved and scaled into [-1, 1] and freed of their mean; empty if all are equal.
///
/// The move comes first, so that a large common offset costs no digits, and the scale keeps the
/// squares of very large or small values from overflowing.
inline std::vector<double> centred(std::span<const double> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (*low == *high) return {};
  const double middle = std::midpoint(*low, *high);
  const double scale = std::max(*high - middle, middle - *low);
  std::vector<double> result(values.size());
  CompensatedSum sum;
  for (std::size_t i = 0; i < values.size(); ++i) {
    result[i] = (values[i] - middle) / scale;
    sum.add(result[i]);
  }
  const double mean = sum.value() / static_cast<double>(values.size());
  for (double& value : result) value -= mean;
  return result;
}

}  // namespace detail

/// Pearson's correlation coefficient.
///
///     r = Σ (x_i - mean(x)) (y_i - mean(y)) / sqrt(Σ (x_i - mean(x))² · Σ (y_i - mean(y))²)
///
/// Undefined, and NaN, if all x or all y are equal.
///
/// *Throws*: `std::invalid_argument` if the lengths differ, if there are fewer than two values, or
/// if one is NaN or infinite.
///
/// *Cost*: O(n).
inline double pearson(std::span<const double> x, std::span<const double> y) {
  detail::check_pairs("pearson", {"x", x}, {"y", y});
  const std::vector<double> dx = detail::centred(x);
  const std::vector<double> dy = detail::centred(y);
  if (dx.empty() || dy.empty()) return std::numeric_limits<double>::quiet_NaN();
  detail::CompensatedSum xx;
  detail::CompensatedSum yy;
  detail::CompensatedSum xy;
  for (std::size_t i = 0; i < dx.size(); ++i) {
    xx.add(dx[i] * dx[i]);
    yy.add(dy[i] * dy[i]);
    xy.add(dx[i] * dy[i]);
  }
  const double r = xy.value() / std::sqrt(xx.value() * yy.value());
  return std::clamp(r, -1.0, 1.0);  // rounding alone could leave the interval
}

}  // namespace interchoice
