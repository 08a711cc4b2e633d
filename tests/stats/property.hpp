#pragma once

#include <rapidcheck.h>

#include <cstddef>
#include <vector>

/// `count` integers out of {0, …, distinct - 1} as doubles, within a property.
inline std::vector<double> drawn_values(std::size_t count, int distinct) {
  return *rc::gen::container<std::vector<double>>(
      count, rc::gen::map(rc::gen::inRange(0, distinct),
                          [](int value) { return static_cast<double>(value); }));
}

/// Two lists of equal length, from `fewest` values on, with many, few or no ties.
struct DrawnPair {
  std::vector<double> x;
  std::vector<double> y;

  static DrawnPair of_at_least(std::size_t fewest) {
    const auto count = *rc::gen::inRange<std::size_t>(fewest, 60);
    const auto ties = rc::gen::element(1, 2, 3, 10, 1000, 1000000);
    return {drawn_values(count, *ties), drawn_values(count, *ties)};
  }

  bool has_equal_x() const { return x == std::vector<double>(x.size(), x.front()); }
  bool has_equal_y() const { return y == std::vector<double>(y.size(), y.front()); }
};
