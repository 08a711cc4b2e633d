#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_runs.hpp"
#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/detail/compensated_sum.hpp"

namespace interchoice {

/// A mean and how far single values are from it.
struct MeanDeviation {
  double mean = 0;
  double deviation = 0;   ///< the sample's, with n - 1; NaN of a single value
  std::size_t count = 0;  ///< n
};

/// Mean and deviation of a number over seeds, as the paper's tables and bands show them.
///
///     mean = Σ x_i / n,  deviation = sqrt(Σ (x_i - mean)² / (n - 1))
///
/// *Throws*: `std::invalid_argument` if there are no values, or if one is NaN or infinite.
///
/// *Cost*: O(n).
inline MeanDeviation mean_deviation(std::span<const double> values) {
  detail::check_values("mean_deviation", {"values", values}, 1);
  detail::CompensatedSum sum;
  for (const double value : values) sum.add(value);
  MeanDeviation result;
  result.count = values.size();
  result.mean = sum.value() / static_cast<double>(values.size());
  detail::CompensatedSum squares;
  for (const double value : values) squares.add((value - result.mean) * (value - result.mean));
  result.deviation = values.size() == 1
                         ? std::numeric_limits<double>::quiet_NaN()
                         : std::sqrt(squares.value() / static_cast<double>(values.size() - 1));
  return result;
}

/// The same for each point of curves that are equally long: a line with a band over seeds.
///
/// A point at which a curve is NaN (a correlation of equal values) leaves that curve out there, and
/// `count` says so; mean and deviation are NaN where none is left.
///
/// *Throws*: `std::invalid_argument` if there are no curves or their lengths differ.
inline std::vector<MeanDeviation> mean_deviation_curve(
    std::span<const std::vector<double>> curves) {
  if (curves.empty()) detail::check_runs("mean_deviation_curve", curves, 1, 0);
  std::vector<MeanDeviation> result;
  std::vector<double> values;
  for (std::size_t point = 0; point < curves[0].size(); ++point) {
    values.clear();
    for (const std::vector<double>& curve : curves) {
      if (curve.size() != curves[0].size())
        detail::check_runs("mean_deviation_curve", curves, 1, 0);
      if (!std::isnan(curve[point])) values.push_back(curve[point]);
    }
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    result.push_back(values.empty() ? MeanDeviation{kNan, kNan, 0} : mean_deviation(values));
  }
  return result;
}

}  // namespace interchoice
