#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

namespace interchoice {

/// Predictions that can be ordered: what is infinite or not a number becomes as bad as the worst
/// that is finite.
///
///     v_i = p_i if p_i is finite, else the least finite p;    0 for all where none is finite
///
/// For scores that are undefined for some networks, as logarithms of nothing are. +infinity is
/// worst, too: a score that overflows says nothing. *Cost*: O(n).
inline std::vector<double> undefined_as_worst(std::span<const double> predictions) {
  double worst = std::numeric_limits<double>::infinity();
  for (const double p : predictions) {
    if (std::isfinite(p)) worst = std::min(worst, p);
  }
  if (!std::isfinite(worst)) worst = 0;
  std::vector<double> values(predictions.begin(), predictions.end());
  for (double& value : values) {
    if (!std::isfinite(value)) value = worst;
  }
  return values;
}

}  // namespace interchoice
