#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"

namespace interchoice {

namespace detail {

/// The places of p values, the smallest first. *Throws* `std::invalid_argument` if one is none.
inline std::vector<std::size_t> smallest_first(const char* statistic,
                                               std::span<const double> p_values) {
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (p_values[i] >= 0 && p_values[i] <= 1) continue;
    fail_statistic(statistic,
                   fmt::format("p_values[{}] is {}, outside [0, 1]; a test without a p value is "
                               "not part of the family",
                               i, p_values[i]));
  }
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  return order;
}

}  // namespace detail

/// Holm's adjusted p values of a family of tests, in the order of the tests.
///
///     adjusted_(k) = max over j <= k of min(1, (m - j + 1) p_(j)),  p_(1) <= … <= p_(m)
///
/// Rejecting where adjusted <= alpha, the probability of even one false rejection in the family is
/// at most alpha, however the tests depend on each other. The smallest p is held to alpha / m.
///
/// *Throws*: `std::invalid_argument` if a p value is outside [0, 1]. *Cost*: O(m log m).
///
/// *Source*: Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal
/// of Statistics 6 (1979).
inline std::vector<double> holm_adjusted(std::span<const double> p_values) {
  const std::vector<std::size_t> order = detail::smallest_first("holm_adjusted", p_values);
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto left = static_cast<double>(order.size() - k);
    largest = std::max(largest, std::min(1.0, left * p_values[order[k]]));
    adjusted[order[k]] = largest;
  }
  return adjusted;
}

/// Benjamini's and Hochberg's adjusted p values of a family of tests, in the order of the tests.
///
///     adjusted_(k) = min over j >= k of m / j · p_(j),  p_(1) <= … <= p_(m)
///
/// Rejecting where adjusted <= q, at most the fraction q of the rejections is false in expectation,
/// if the tests are independent or depend positively. Weaker than Holm's promise: for screening
/// many, not for confirming a few.
///
/// *Throws*: `std::invalid_argument` if a p value is outside [0, 1]. *Cost*: O(m log m).
///
/// *Source*: Benjamini & Hochberg, "Controlling the False Discovery Rate", JRSS B 57 (1995).
inline std::vector<double> benjamini_hochberg_adjusted(std::span<const double> p_values) {
  const std::vector<std::size_t> order =
      detail::smallest_first("benjamini_hochberg_adjusted", p_values);
  const auto count = static_cast<double>(order.size());
  std::vector<double> adjusted(p_values.size());
  double smallest = 1;
  for (std::size_t k = order.size(); k > 0; --k) {
    smallest = std::min(smallest, count / static_cast<double>(k) * p_values[order[k - 1]]);
    adjusted[order[k - 1]] = smallest;
  }
  return adjusted;
}

}  // namespace interchoice
