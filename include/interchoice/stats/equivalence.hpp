#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/paired_difference.hpp"

namespace interchoice {

/// Two one-sided tests of a paired difference against a smallest difference of interest.
struct EquivalenceTest {
  double not_below = 1;  ///< p that the difference is -margin or less; small: it is more
  double not_above = 1;  ///< p that the difference is margin or more; small: it is less

  /// p that the difference is outside of (-margin, margin); small: the methods are equivalent.
  double p() const { return std::max(not_below, not_above); }
};

/// Tests whether two methods differ by less than matters (TOST).
///
///     not_below = P(T >= (mean + margin) / se),  not_above = P(T <= (mean - margin) / se)
///
/// with the t distribution of the paired test. p <= alpha if and only if the interval of level
/// 1 - 2 alpha is within (-margin, margin). A large p of the usual test says that a difference was
/// not found; only this one says that there is none which matters.
///
/// *Throws*: `std::invalid_argument` unless the margin is finite and above 0.
///
/// *Source*: Schuirmann, "A Comparison of the Two One-Sided Tests Procedure and the Power
/// Approach", Journal of Pharmacokinetics and Biopharmaceutics 15 (1987).
inline EquivalenceTest equivalence_test(const PairedDifference& difference, double margin) {
  if (!(margin > 0 && std::isfinite(margin))) {
    detail::fail_statistic(
        "equivalence_test",
        fmt::format("the margin {} is no finite number above 0; take the smallest difference that "
                    "would matter",
                    margin));
  }
  const auto p_of = [&](double distance) {
    if (difference.standard_error == 0) return distance > 0 ? 0.0 : 1.0;
    return difference.distribution().upper_tail(distance / difference.standard_error);
  };
  return {p_of(difference.mean + margin), p_of(margin - difference.mean)};
}

}  // namespace interchoice
