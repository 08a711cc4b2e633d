#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/student_t.hpp"

namespace interchoice {

/// The paired two-sided t test of a plan.
struct PlannedTest {
  double standard_deviation = 1;  ///< expected of the differences, above 0; 1: effects are d_z
  double alpha = 0.05;            ///< level of the test; alpha / m for Holm's first step of m tests
};

namespace detail {

inline void check_plan(const char* statistic, const PlannedTest& test) {
  if (!(test.standard_deviation > 0 && std::isfinite(test.standard_deviation)) ||
      !(test.alpha >= 1e-12 && test.alpha < 1)) {
    fail_statistic(
        statistic,
        fmt::format("a standard deviation of {} and alpha = {}; a finite one above 0 and an alpha "
                    "from 1e-12 to below 1 are needed",
                    test.standard_deviation, test.alpha));
  }
}

inline void check_power(const char* statistic, const PlannedTest& test, double power) {
  if (power > test.alpha && power < 1) return;
  fail_statistic(statistic,
                 fmt::format("a power of {} at alpha = {}; one above alpha, which is that "
                             "of no difference, and below 1 is needed; 0.8 is usual",
                             power, test.alpha));
}

inline double check_pairs_of_plan(const char* statistic, std::size_t pairs) {
  if (pairs < 2) {
    fail_statistic(statistic,
                   fmt::format("{} pairs have no standard deviation; take at least 2", pairs));
  }
  return static_cast<double>(pairs);
}

/// P(|T| >= critical) of the noncentral t distribution.
///
///     T = (Z + noncentrality) / s,  ν s² chi-square of ν = degrees
///     P = ∫ density(s) (Φ(noncentrality - critical s) + Φ(-noncentrality - critical s)) ds
///
/// By the trapezoidal rule for u = ln s, where the density is proportional to
/// exp(ν (u - (e^2u - 1) / 2)): for such a function on the whole line the error falls exponentially
/// with the step, here to that of double (1e-4 for noncentralities above 5000). The same points
/// give the density's integral.
inline double noncentral_t_beyond(double critical, double degrees, double noncentrality) {
  constexpr double kFinestStep = 1e-4;  // against endless sums; Φ is a step beyond 5000
  const double step = std::min({1.0 / 16, 0.25 / std::sqrt(degrees),
                                std::max(kFinestStep, 0.5 / (1 + std::abs(noncentrality)))});
  const auto normal = [](double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; };
  double sum = 0;
  double weights = 0;
  for (const double direction : {-1.0, 1.0}) {
    for (double k = direction < 0 ? 1 : 0;; ++k) {
      const double u = direction * k * step;
      const double weight = std::exp(degrees * (u - std::expm1(2 * u) / 2));  // 1 at u = 0
      if (weight < std::numeric_limits<double>::epsilon() / 1000) break;
      const double reach = critical * std::exp(u);
      weights += weight;
      sum += weight * (normal(noncentrality - reach) + normal(-noncentrality - reach));
    }
  }
  return std::min(1.0, sum / weights);
}

inline double power_of_effect(double effect, double pairs, double alpha) {
  const double critical = StudentT(pairs - 1).upper_quantile(alpha / 2);
  return noncentral_t_beyond(critical, pairs - 1, effect * std::sqrt(pairs));
}

}  // namespace detail

/// The power of the paired two-sided t test: the probability that it finds a difference.
///
///     power = P(|T| >= t_(1 - alpha/2)),  T noncentral t of n - 1 degrees of freedom,
///     noncentrality = difference / standard deviation · sqrt(n)
///
/// where t_(1 - alpha/2) is Student's quantile. Normal differences are assumed, and that the
/// standard deviation is the true one: one that is estimated from a few runs may be half or twice
/// as large.
///
/// *Throws*: `std::invalid_argument` for fewer than two pairs, a difference that is NaN or
/// infinite, or a plan without a standard deviation above 0 and an alpha in (0, 1).
///
/// *Cost*: a few hundred evaluations of the normal distribution; more with the noncentrality.
///
/// *Source*: Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988), chapter 2.
inline double paired_test_power(const PlannedTest& test, double difference, std::size_t pairs) {
  detail::check_plan("paired_test_power", test);
  detail::check_values("paired_test_power", {"difference", {&difference, 1}}, 1);
  const double n = detail::check_pairs_of_plan("paired_test_power", pairs);
  return detail::power_of_effect(difference / test.standard_deviation, n, test.alpha);
}

/// The smallest difference, above 0, that the paired test of so many pairs finds with a power.
///
/// Its power is exactly that: a smaller one is found more seldom, not never.
///
/// *Throws*: `std::invalid_argument` as `paired_test_power`, and for a power outside (alpha, 1).
///
/// *Cost*: some 60 powers.
inline double detectable_difference(const PlannedTest& test, std::size_t pairs,
                                    double power = 0.8) {
  detail::check_plan("detectable_difference", test);
  detail::check_power("detectable_difference", test, power);
  const double n = detail::check_pairs_of_plan("detectable_difference", pairs);
  const auto is_enough = [&](double effect) {
    return detail::power_of_effect(effect, n, test.alpha) >= power;
  };
  double low = 0;
  double high = 1;
  for (; !is_enough(high); high *= 2) low = high;
  for (double middle = low + (high - low) / 2; low < middle && middle < high;
       middle = low + (high - low) / 2) {
    (is_enough(middle) ? high : low) = middle;
  }
  return high * test.standard_deviation;
}

/// The least number of pairs with which the paired test finds a difference with a power.
///
/// *Throws*: `std::invalid_argument` as `paired_test_power`, for a power outside (alpha, 1), and
/// for a difference that 1,000,000,000 pairs would not find.
///
/// *Cost*: some 60 powers.
inline std::size_t pairs_needed(const PlannedTest& test, double difference, double power = 0.8) {
  constexpr std::size_t kMostPairs = 1'000'000'000;
  detail::check_plan("pairs_needed", test);
  detail::check_power("pairs_needed", test, power);
  detail::check_values("pairs_needed", {"difference", {&difference, 1}}, 1);
  const auto is_enough = [&](std::size_t pairs) {
    return detail::power_of_effect(difference / test.standard_deviation, static_cast<double>(pairs),
                                   test.alpha) >= power;
  };
  std::size_t high = 2;
  while (!is_enough(high)) {
    if (high == kMostPairs) {
      detail::fail_statistic(
          "pairs_needed",
          fmt::format("1000000000 pairs are too few for a difference of {} at a standard deviation "
                      "of {}; ask for a larger difference",
                      difference, test.standard_deviation));
    }
    high = std::min(2 * high, kMostPairs);
  }
  std::size_t low = 1;  // not enough
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    (is_enough(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace interchoice
