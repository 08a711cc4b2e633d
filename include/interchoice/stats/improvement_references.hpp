#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/detail/compensated_sum.hpp"
#include "interchoice/stats/improvement.hpp"

namespace interchoice {

/// The improvement of n architectures drawn at random: element n - 1 of each list.
struct RandomReference {
  ImprovementCurve expected;                          ///< `mean`: the mean of all; `normalised`: 0
  std::vector<double> standard_deviation;             ///< of the mean of n, in the truth's unit
  std::vector<double> normalised_standard_deviation;  ///< the same in the unit of `normalised`
};

/// The improvement curve of a random choice without replacement: expectation and standard
/// deviation, exact.
///
///     E[mean_n] = mean_all,  sd[mean_n] = sd_all · sqrt((N - n) / (n (N - 1)))
///
/// with sd_all² = Σ (t_i - mean_all)² / N. A prediction whose curve stays within two standard
/// deviations of 0 has not been shown to be better than chance. `normalised` is NaN if all true
/// values are equal.
///
/// *Throws*: `std::invalid_argument` if there are fewer than two values, or if one is NaN or
/// infinite.
///
/// *Cost*: O(n log n).
///
/// *Source*: sampling from a finite population, Cochran, "Sampling Techniques" (1977), theorem 2.2.
inline RandomReference random_reference(std::span<const double> truth) {
  const ImprovementCurve oracle = improvement_curve(truth, truth);
  const auto count = static_cast<double>(truth.size());
  const double mean_all = oracle.mean.back();
  const double range = oracle.mean.front() - mean_all;
  detail::CompensatedSum squares;
  for (const double value : truth) squares.add((value - mean_all) * (value - mean_all));
  const double sd_all = std::sqrt(squares.value() / count);
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  RandomReference reference;
  reference.expected.mean.assign(truth.size(), mean_all);
  reference.expected.normalised.assign(truth.size(), range > 0 ? 0.0 : kNan);
  for (std::size_t i = 1; i <= truth.size(); ++i) {
    const auto n = static_cast<double>(i);
    const double standard_deviation = sd_all * std::sqrt((count - n) / (n * (count - 1)));
    reference.standard_deviation.push_back(standard_deviation);
    reference.normalised_standard_deviation.push_back(range > 0 ? standard_deviation / range
                                                                : kNan);
  }
  return reference;
}

}  // namespace interchoice
