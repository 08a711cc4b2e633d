#pragma once

#include <fmt/core.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/mean_and_standard_deviation.hpp"
#include "interchoice/stats/sign_flip_test.hpp"
#include "interchoice/stats/student_t.hpp"

namespace interchoice {

/// The difference of two methods that were run with the same seeds: first - second.
struct PairedDifference {
  std::size_t pairs = 0;          ///< n
  double mean = 0;                ///< of the differences
  double standard_deviation = 0;  ///< of the differences, with n - 1
  double standard_error = 0;      ///< of the mean: standard deviation / sqrt(n)
  double low = 0;                 ///< end of the interval of the expected difference
  double high = 0;                ///< the other end
  double t = 0;                   ///< mean / standard error
  double p = 0;                   ///< of the two-sided t test; not adjusted for other tests
  double effect_size = 0;         ///< Cohen's d_z: mean / standard deviation
  double sign_flip_p = 0;         ///< of `sign_flip_test`, which needs no normal distribution

  /// The distribution of t where the methods do not differ, of n - 1 degrees of freedom.
  StudentT distribution() const { return StudentT(static_cast<double>(pairs) - 1); }
};

/// The options of a paired difference.
struct PairedDifferenceOptions {
  double level = 0.95;  ///< probability with which the interval holds the expectation
  SignFlipOptions sign_flips = {};
};

/// Compares two methods, each with one value for every seed, pair by pair.
///
///     d_i = first_i - second_i,  mean = Σ d_i / n,  s² = Σ (d_i - mean)² / (n - 1)
///     t = mean / (s / sqrt(n)),  p = P(|T| >= |t|),  T of n - 1 degrees of freedom
///     [low, high] = mean ± t_(1 + level) / 2 · s / sqrt(n),  d_z = mean / s
///
/// What a seed does to both methods alike cancels: with correlation r of the methods' values the
/// variance is s² = s_1² + s_2² - 2 r s_1 s_2. Interval and p rest on differences that are roughly
/// normal; `sign_flip_p` does not.
///
/// If all differences are equal there is no spread to judge by: the interval is a point, t and d_z
/// are infinite and p is 0; if all are 0, t and d_z are NaN and p is 1.
///
/// *Throws*: `std::invalid_argument` if the lengths differ, if there are fewer than two pairs, if a
/// value is NaN or infinite, if the level is outside (0, 1), or as `sign_flip_test`.
///
/// *Cost*: O(n), and that of `sign_flip_test`.
///
/// *Source*: Student, "The Probable Error of a Mean" (1908); Cohen, "Statistical Power Analysis for
/// the Behavioral Sciences" (1988), section 2.3.5.
inline PairedDifference paired_difference(std::span<const double> first,
                                          std::span<const double> second,
                                          const PairedDifferenceOptions& options = {}) {
  detail::check_pairs("paired_difference", {"first", first}, {"second", second});
  if (!(options.level > 0 && options.level < 1)) {
    detail::fail_statistic(
        "paired_difference",
        fmt::format("level {} is not between 0 and 1; 0.95 is usual", options.level));
  }
  std::vector<double> differences(first.size());
  for (std::size_t i = 0; i < first.size(); ++i) differences[i] = first[i] - second[i];
  detail::check_values("paired_difference", {"first - second", differences}, 2);
  const MeanAndStandardDeviation moments = mean_and_standard_deviation(differences);

  PairedDifference result;
  result.pairs = moments.count;
  result.mean = moments.mean;
  result.standard_deviation = moments.standard_deviation;
  result.standard_error =
      moments.standard_deviation / std::sqrt(static_cast<double>(moments.count));
  const StudentT distribution = result.distribution();
  const double half = distribution.upper_quantile((1 - options.level) / 2) * result.standard_error;
  result.low = result.mean - half;
  result.high = result.mean + half;
  result.t = result.mean / result.standard_error;  // NaN of 0 / 0
  result.p = std::isnan(result.t) ? 1 : distribution.two_sided(result.t);
  result.effect_size = result.mean / result.standard_deviation;
  result.sign_flip_p = sign_flip_test(differences, options.sign_flips);
  return result;
}

}  // namespace interchoice
