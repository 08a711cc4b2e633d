#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>

namespace interchoice::detail {

/// One argument of a statistic: its name, for messages, and its values.
struct NamedValues {
  const char* name;
  std::span<const double> values;
};

/// Refuses values that a statistic cannot order: fewer than `fewest`, NaN or infinite.
///
/// *Throws*: `std::invalid_argument` with the statistic, the argument, the place and the value.
inline void check_values(const char* statistic, NamedValues argument, std::size_t fewest) {
  const auto [name, values] = argument;
  if (values.size() < fewest) {
    throw std::invalid_argument("interchoice: " + std::string(statistic) + ": " + name + " has " +
                                std::to_string(values.size()) + " values; at least " +
                                std::to_string(fewest) + " are needed");
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw std::invalid_argument("interchoice: " + std::string(statistic) + ": " + name + "[" +
                                  std::to_string(i) + "] is " + std::to_string(values[i]) +
                                  ", which has no place in an order; leave its architecture out "
                                  "of both arguments");
    }
  }
}

/// Refuses two arguments that do not hold at least two finite values each, one by one in pairs.
///
/// *Throws*: `std::invalid_argument`, as `check_values`, or with the two lengths.
inline void check_pairs(const char* statistic, NamedValues first, NamedValues second) {
  if (first.values.size() != second.values.size()) {
    throw std::invalid_argument("interchoice: " + std::string(statistic) + ": " + first.name +
                                " has " + std::to_string(first.values.size()) + " values, " +
                                second.name + " has " + std::to_string(second.values.size()) +
                                "; give one of each for every architecture");
  }
  check_values(statistic, first, 2);
  check_values(statistic, second, 2);
}

}  // namespace interchoice::detail
