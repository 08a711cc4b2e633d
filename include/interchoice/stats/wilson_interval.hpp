#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>

namespace interchoice {

/// An interval of a probability.
struct ProbabilityInterval {
  double low = 0;
  double high = 1;
};

/// Wilson's score interval of a probability p, of which `proportion` was seen in `count` trials:
///
///     (q + z²/2n ± z sqrt(q (1 - q) / n + z²/4n²)) / (1 + z²/n),   q = proportion, n = count
///
/// All p from which a proportion like this is within z standard deviations. The default z is that
/// of 95 %. Of a mean of several networks' accuracies on the same images it is at least as wide as
/// it has to be: an image's mean varies no more than one network's right or wrong.
///
/// *Throws*: `std::invalid_argument` unless the proportion is in [0, 1], there is a trial, and
/// z > 0. *Source*: E. B. Wilson, Probable Inference (1927).
inline ProbabilityInterval wilson_interval(double proportion, std::int64_t count,
                                           double z = 1.959963984540054) {
  if (!(proportion >= 0 && proportion <= 1) || count < 1 || !(z > 0)) {
    throw std::invalid_argument(fmt::format(
        "interchoice: wilson_interval of the proportion {} of {} trials with z = {}; a proportion "
        "in [0, 1], at least one trial and z > 0 are needed",
        proportion, count, z));
  }
  const double n = static_cast<double>(count);
  const double middle = proportion + z * z / (2 * n);
  const double half = z * std::sqrt(proportion * (1 - proportion) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  return {std::max(0.0, (middle - half) / scale), std::min(1.0, (middle + half) / scale)};
}

}  // namespace interchoice
