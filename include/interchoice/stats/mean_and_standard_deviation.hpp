#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/detail/compensated_sum.hpp"

namespace interchoice {

/// The mean of a sample and its standard deviation.
struct MeanAndStandardDeviation {
  double mean = 0;
  double standard_deviation = 0;  ///< with n - 1; NaN of a single value
  std::size_t count = 0;          ///< n
};

/// Mean and standard deviation of a number over seeds, as in the paper's tables and bands.
///
///     mean = Σ x_i / n,  standard deviation = sqrt(Σ (x_i - mean)² / (n - 1))
///
/// *Throws*: `std::invalid_argument` if there are no values, or if one is NaN or infinite.
///
/// *Cost*: O(n).
inline MeanAndStandardDeviation mean_and_standard_deviation(std::span<const double> values) {
  detail::check_values("mean_and_standard_deviation", {"values", values}, 1);
  const auto count = static_cast<double>(values.size());
  detail::CompensatedSum sum;
  for (const double value : values) sum.add(value);
  const double mean = sum.value() / count;
  detail::CompensatedSum squares;
  for (const double value : values) squares.add((value - mean) * (value - mean));
  return {mean,
          values.size() == 1 ? std::numeric_limits<double>::quiet_NaN()
                             : std::sqrt(squares.value() / (count - 1)),
          values.size()};
}

/// The same for each point of curves that are equally long: a line with a band over seeds.
///
/// A point at which a curve is NaN (a correlation of equal values) leaves that curve out there, and
/// `count` says so; mean and standard deviation are NaN where none is left.
///
/// *Throws*: `std::invalid_argument` if there are no curves or their lengths differ.
inline std::vector<MeanAndStandardDeviation> mean_and_standard_deviation_curve(
    std::span<const std::vector<double>> curves) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  detail::check_run_lengths("mean_and_standard_deviation_curve", curves, 1);
  std::vector<MeanAndStandardDeviation> result;
  for (std::size_t point = 0; point < curves[0].size(); ++point) {
    std::vector<double> values;
    for (const std::vector<double>& curve : curves) {
      if (!std::isnan(curve[point])) values.push_back(curve[point]);
    }
    result.push_back(values.empty() ? MeanAndStandardDeviation{kNan, kNan, 0}
                                    : mean_and_standard_deviation(values));
  }
  return result;
}

}  // namespace interchoice
