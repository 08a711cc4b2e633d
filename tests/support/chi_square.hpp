#pragma once

#include <vector>

namespace interchoice::testing {

/// Sum of (observed - expected)^2 / expected over equally probable cells.
inline double chi_square(const std::vector<int>& observed) {
  double total = 0;
  for (const int count : observed) total += count;
  const double expected = total / static_cast<double>(observed.size());
  double sum = 0;
  for (const int count : observed) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

}  // namespace interchoice::testing
