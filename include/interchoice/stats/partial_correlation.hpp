#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/spearman.hpp"

namespace interchoice {

namespace detail {

/// The partial coefficient of three correlations; NaN where one is, or where z is x or y already.
inline double partial_coefficient(double xy, double xz, double yz) {
  const double left = (1 - xz * xz) * (1 - yz * yz);
  if (!(left > 0)) return std::numeric_limits<double>::quiet_NaN();
  return std::clamp((xy - xz * yz) / std::sqrt(left), -1.0, 1.0);  // against rounding
}

}  // namespace detail

/// Partial Kendall correlation: how far a prediction orders like the truth where another prediction
/// does not say so already.
///
///     tau_(xy.z) = (tau_xy - tau_xz tau_yz) / sqrt((1 - tau_xz²) (1 - tau_yz²))
///
/// with tau-b, x the prediction, y the truth and z the prediction that is `given`. Without ties it
/// is the phi coefficient, over all pairs, of "x orders the pair as z does" and "y orders it as z
/// does": above 0 where x and y depart from z on the same pairs.
///
/// That x adds nothing does not make it 0: x and y that are independent at every z, but noisy,
/// depart from z most where z is close. If they are normal with correlations 0.89 and 0.78 with z
/// it is 0.155, where `partial_spearman` is 0.012; so ask that one whether x adds anything. No
/// table of its distribution is exact: judge it by an interval over seeds or architectures.
///
/// Undefined, and NaN, if a tau is, or if z orders exactly as x or as y (or the other way round).
///
/// *Throws*: `std::invalid_argument` if the lengths differ, if there are fewer than two values, or
/// if one is NaN or infinite.
///
/// *Cost*: O(n log n).
///
/// *Source*: Kendall, "Partial Rank Correlation", Biometrika 32 (1942).
inline double partial_kendall_tau_b(std::span<const double> x, std::span<const double> y,
                                    std::span<const double> given) {
  detail::check_pairs("partial_kendall_tau_b", {"x", x}, {"y", y});
  detail::check_pairs("partial_kendall_tau_b", {"x", x}, {"given", given});
  return detail::partial_coefficient(kendall_tau_b(x, y), kendall_tau_b(x, given),
                                     kendall_tau_b(y, given));
}

/// Partial Spearman correlation: that of the ranks of x and y, each freed of its straight line in
/// the ranks of z.
///
///     rho_(xy.z) = (rho_xy - rho_xz rho_yz) / sqrt((1 - rho_xz²) (1 - rho_yz²))
///
/// About 0 where x adds nothing to what z says of y, if their relations are nearly straight in
/// ranks.
///
/// Undefined, and NaN, as `partial_kendall_tau_b`.
///
/// *Throws*: as `partial_kendall_tau_b`. *Cost*: O(n log n).
///
/// *Source*: Pearson's partial correlation of ranks; Conover, "Practical Nonparametric Statistics"
/// (1999), section 5.4.
inline double partial_spearman(std::span<const double> x, std::span<const double> y,
                               std::span<const double> given) {
  detail::check_pairs("partial_spearman", {"x", x}, {"y", y});
  detail::check_pairs("partial_spearman", {"x", x}, {"given", given});
  return detail::partial_coefficient(spearman(x, y), spearman(x, given), spearman(y, given));
}

}  // namespace interchoice
