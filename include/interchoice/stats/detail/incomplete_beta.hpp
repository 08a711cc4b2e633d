#pragma once

#include <cmath>
#include <limits>
#include <numbers>

namespace interchoice::detail {

/// What Stirling's formula leaves of the logarithm of the gamma function, for z > 0.
///
///     ln Γ(z) = (z - 1/2) ln z - z + ln(2π) / 2 + remainder(z)
///
/// *Source*: NIST Digital Library of Mathematical Functions, 5.11.1; its sixth term is below 2e-14
/// from z = 10 on.
inline double stirling_remainder(double z) {
  if (z < 10) {
    return std::lgamma(z) - ((z - 0.5) * std::log(z) - z + 0.5 * std::log(2 * std::numbers::pi));
  }
  const double w = 1 / (z * z);
  return (1.0 / 12 - w * (1.0 / 360 - w * (1.0 / 1260 - w * (1.0 / 1680 - w / 1188)))) / z;
}

/// The power term of the incomplete beta function, x^a y^b / B(a, b), for x + y = 1.
///
/// Written with x (a + b) / a and y (a + b) / b, near 1 where the term is large, so that no digits
/// are lost to large a and b.
inline double beta_power_term(double a, double b, double x, double y) {
  const double sum = a + b;
  // The logarithm of x over a / (a + b); of a quotient near 1 by its distance.
  const auto log_ratio = [sum](double value, double part, double other_value, double other) {
    const double distance = (value * other - other_value * part) / part;
    return std::abs(distance) < 0.5 ? std::log1p(distance) : std::log(value * sum / part);
  };
  const double exponent = a * log_ratio(x, a, y, b) + b * log_ratio(y, b, x, a) +
                          stirling_remainder(sum) - stirling_remainder(a) - stirling_remainder(b);
  return std::sqrt(a / sum * b / (2 * std::numbers::pi)) * std::exp(exponent);
}

/// The continued fraction β_1 + α_2 / (β_2 + α_3 / (β_3 + …)) of the incomplete beta function.
///
///     α_(m+1) = (a + m - 1) (a + b + m - 1) m (b - m) x² / (a + 2m - 1)²
///     β_(m+1) = m + m (b - m) x / (a + 2m - 1) + (a + m) / (a + 2m + 1) · (a y - b x + 1 + m (1 +
///     y))
///
/// The even part of DLMF 8.17.22, whose own terms lose digits where a is large and x near 1.
///
/// *Cost*: some sqrt(max(a, b)) terms where x < (a + 1) / (a + b + 2).
///
/// *Source*: DiDonato & Morris, "Algorithm 708", ACM TOMS 18 (1992), equation 9; evaluated as by
/// Lentz and Thompson & Barnett (J. Comput. Phys. 64, 1986).
inline double beta_fraction(double a, double b, double x, double y) {
  constexpr double kPrecision = 4 * std::numeric_limits<double>::epsilon();
  const double lambda = a * y - b * x;
  const auto beta = [&](double m) {
    return m + m * (b - m) * x / (a + 2 * m - 1) +
           (a + m) / (a + 2 * m + 1) * (lambda + 1 + m * (1 + y));
  };
  double fraction = a / (a + 1) * (lambda + 1);  // β_1; above 0 where x < (a + 1) / (a + b)
  double numerator = fraction;
  double denominator = 0;
  for (double m = 1;; ++m) {
    const double root = x / (a + 2 * m - 1);
    const double alpha = (a + m - 1) * root * (a + b + m - 1) * root * m * (b - m);
    denominator = 1 / (beta(m) + alpha * denominator);
    numerator = beta(m) + alpha / numerator;
    const double factor = numerator * denominator;
    fraction *= factor;
    if (std::abs(factor - 1) <= kPrecision) return fraction;
  }
}

/// The regularised incomplete beta function I_x(a, b), for a, b > 0, x, y >= 0 and x + y = 1.
///
///     I_x(a, b) = x^a y^b / B(a, b) / (β_1 + α_2 / (β_2 + …)) = 1 - I_y(b, a)
///
/// Takes y as well as x: of a value near 1 the distance to 1 would have few digits.
///
/// *Source*: DLMF 8.17.4 and 8.17.22; `beta_fraction`.
inline double regularised_incomplete_beta(double a, double b, double x, double y) {
  if (x == 0) return 0;
  if (y == 0) return 1;
  if (x < (a + 1) / (a + b + 2)) {
    return beta_power_term(a, b, x, y) / beta_fraction(a, b, x, y);
  }
  return 1 - beta_power_term(b, a, y, x) / beta_fraction(b, a, y, x);
}

}  // namespace interchoice::detail
