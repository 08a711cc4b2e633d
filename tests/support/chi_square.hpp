#pragma once

#include <cstddef>
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

/// The same over cells of given probabilities, which sum to 1 and of which none is 0.
inline double chi_square(const std::vector<int>& observed,
                         const std::vector<double>& probabilities) {
  double total = 0;
  for (const int count : observed) total += count;
  double sum = 0;
  for (std::size_t i = 0; i < observed.size(); ++i) {
    const double expected = total * probabilities[i];
    sum += (observed[i] - expected) * (observed[i] - expected) / expected;
  }
  return sum;
}

}  // namespace interchoice::testing
