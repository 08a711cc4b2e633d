#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace interchoice::detail {

/// One argument of a statistic: its name, for messages, and its values.
struct NamedValues {
  std::string name;
  std::span<const double> values;
};

[[noreturn]] inline void fail_statistic(const char* statistic, const std::string& reason) {
  throw std::invalid_argument(fmt::format("interchoice: {}: {}", statistic, reason));
}

/// Refuses values that a statistic cannot order: fewer than `fewest`, NaN or infinite.
///
/// *Throws*: `std::invalid_argument` with the statistic, the argument, the place and the value.
inline void check_values(const char* statistic, const NamedValues& argument, std::size_t fewest) {
  const auto& [name, values] = argument;
  if (values.size() < fewest) {
    fail_statistic(statistic, fmt::format("{} has {} values; at least {} are needed", name,
                                          values.size(), fewest));
  }
  const auto bad = std::ranges::find_if(values, [](double value) { return !std::isfinite(value); });
  if (bad == values.end()) return;
  fail_statistic(statistic, fmt::format("{}[{}] is {}, which has no place in an order; leave its "
                                        "architecture out of all arguments",
                                        name, bad - values.begin(), *bad));
}

/// Refuses two arguments that do not hold a value each for every architecture.
inline void check_lengths(const char* statistic, const NamedValues& a, const NamedValues& b) {
  if (a.values.size() == b.values.size()) return;
  fail_statistic(statistic,
                 fmt::format("{} has {} values, {} has {}; give one of each for every architecture",
                             a.name, a.values.size(), b.name, b.values.size()));
}

/// Refuses two arguments that do not hold at least two finite values each, one by one in pairs.
inline void check_pairs(const char* statistic, const NamedValues& a, const NamedValues& b) {
  check_lengths(statistic, a, b);
  check_values(statistic, a, 2);
  check_values(statistic, b, 2);
}

/// Refuses fewer than `fewest` runs, and runs of different lengths.
inline void check_run_lengths(const char* statistic, std::span<const std::vector<double>> runs,
                              std::size_t fewest) {
  if (runs.size() < fewest) {
    fail_statistic(statistic,
                   fmt::format("there are {} runs; at least {} are needed", runs.size(), fewest));
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    check_lengths(statistic, {fmt::format("run {}", i), runs[i]}, {"run 0", runs[0]});
  }
}

/// Refuses runs as `check_run_lengths`, and their values as `check_values`.
inline void check_runs(const char* statistic, std::span<const std::vector<double>> runs,
                       std::size_t fewest, std::size_t fewest_values) {
  check_run_lengths(statistic, runs, fewest);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    check_values(statistic, {fmt::format("run {}", i), runs[i]}, fewest_values);
  }
}

}  // namespace interchoice::detail
