#pragma once

#include <fmt/core.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/detail/incomplete_beta.hpp"

namespace interchoice {

/// Student's t distribution: that of mean / standard error of n = degrees + 1 normal values whose
/// expectation is 0.
///
///     density(t) = Γ((ν + 1) / 2) / (sqrt(ν π) Γ(ν / 2)) · (1 + t² / ν)^(-(ν + 1) / 2)
///     P(|T| >= |t|) = I_x(ν / 2, 1 / 2),  x = ν / (ν + t²),  I the incomplete beta function
///
/// with ν the degrees of freedom. Tails have their digits however small they are, down to 1e-150.
///
/// *Throws*: the constructor `std::invalid_argument` unless the degrees are from 1 to 1e12.
///
/// *Cost*: some sqrt(ν) terms of a continued fraction.
///
/// *Source*: Student, "The Probable Error of a Mean", Biometrika 6 (1908); NIST Digital Library of
/// Mathematical Functions, 8.17.
class StudentT {
 public:
  explicit StudentT(double degrees) : degrees_(degrees) {
    if (!(degrees >= 1 && degrees <= 1e12)) {
      detail::fail_statistic(
          "StudentT", fmt::format("{} degrees of freedom; from 1 to 1e12 are possible, n - 1 for n "
                                  "differences",
                                  degrees));
    }
  }

  /// ν.
  double degrees() const { return degrees_; }

  /// The density at t.
  double density(double t) const {
    const double a = degrees_ / 2;
    const double constant = a * std::log1p(0.5 / a) - 0.5 + detail::stirling_remainder(a + 0.5) -
                            detail::stirling_remainder(a);
    return std::exp(constant - (a + 0.5) * std::log1p(t / degrees_ * t)) /
           std::sqrt(2 * std::numbers::pi);
  }

  /// P(|T| >= |t|), the p value of a two-sided test; t may be infinite.
  /// *Throws* `std::invalid_argument` for NaN.
  double two_sided(double t) const {
    if (std::isnan(t)) {
      detail::fail_statistic("StudentT", "t is nan, which has no probability; look for 0 / 0");
    }
    const double ratio = t / degrees_ * t;
    if (std::isinf(ratio)) return 0;
    return detail::regularised_incomplete_beta(degrees_ / 2, 0.5, 1 / (1 + ratio),
                                               ratio / (1 + ratio));
  }

  /// P(T >= t), the p value of a one-sided test; `upper_tail(-t)` is P(T <= t).
  /// *Throws* `std::invalid_argument` for NaN.
  double upper_tail(double t) const {
    const double tail = two_sided(t) / 2;
    return t < 0 ? 1 - tail : tail;
  }

  /// The t with P(T <= t) = probability; infinite for 0 and 1.
  ///
  /// Newton's iteration from 0: the tail is convex for t > 0, so that every step stays below the
  /// solution, and the first that does not rise has reached it.
  ///
  /// *Throws*: `std::invalid_argument` if the probability is outside [0, 1].
  double quantile(double probability) const {
    if (!(probability >= 0 && probability <= 1)) {
      detail::fail_statistic(
          "StudentT", fmt::format("the probability {} is outside [0, 1]; the upper end of a 95 % "
                                  "interval is quantile(0.975)",
                                  probability));
    }
    if (probability >= 0.5) return upper_quantile(1 - probability);
    return -upper_quantile(probability);
  }

  /// The t with P(T >= t) = tail for a tail in [0, 1/2], exact for tails that 1 - tail would lose.
  /// *Throws* `std::invalid_argument` for another tail.
  double upper_quantile(double tail) const {
    if (!(tail >= 0 && tail <= 0.5)) {
      detail::fail_statistic("StudentT",
                             fmt::format("the tail {} is outside [0, 1/2]; take quantile", tail));
    }
    if (tail == 0) return std::numeric_limits<double>::infinity();
    double t = 0;
    for (;;) {
      const double next = t + (upper_tail(t) - tail) / density(t);
      if (!(next > t)) return t;
      t = next;
    }
  }

 private:
  double degrees_;
};

}  // namespace interchoice
