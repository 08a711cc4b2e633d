#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace interchoice {

/// The costs of one alternative: every coordinate is to be minimised.
using CostPoint = std::vector<double>;

namespace detail {

inline void check_costs(const char* where, std::span<const CostPoint> points) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].empty() || points[i].size() != points[0].size()) {
      throw std::invalid_argument(fmt::format(
          "interchoice: {}: point {} has {} coordinates, point 0 has {}; all need the same number, "
          "at least 1",
          where, i, points[i].size(), points[0].size()));
    }
    for (const double value : points[i]) {
      if (!std::isfinite(value)) {
        throw std::invalid_argument(
            fmt::format("interchoice: {}: point {} holds {}; leave out what has no finite costs",
                        where, i, value));
      }
    }
  }
}

}  // namespace detail

/// Whether a is at least as good as b in everything and better in something.
///
///     a ≺ b  ⇔  ∀m: a_m ≤ b_m  ∧  ∃m: a_m < b_m
///
/// Equal points do not dominate each other. Both need equally many coordinates: unchecked.
inline bool dominates(std::span<const double> a, std::span<const double> b) {
  bool better = false;
  for (std::size_t m = 0; m < a.size(); ++m) {
    if (a[m] > b[m]) return false;
    better = better || a[m] < b[m];
  }
  return better;
}

/// The points in fronts: front 0 is dominated by no point, front k by none once the fronts before
/// it are removed. Elements are indices in `points`, ascending in each front.
///
/// *Throws*: `std::invalid_argument` if points differ in their number of coordinates, have none, or
/// hold NaN or infinity.
///
/// *Cost*: O(M n²) comparisons and up to n²/2 numbers of memory: for populations, not for whole
/// spaces (`pareto_front` is).
///
/// *Source*: Deb et al., "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II" (2002),
/// section III A.
inline std::vector<std::vector<std::size_t>> non_dominated_fronts(
    std::span<const CostPoint> points) {
  detail::check_costs("non_dominated_fronts", points);
  std::vector<std::vector<std::size_t>> dominated(points.size());
  std::vector<std::size_t> dominators(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      if (dominates(points[i], points[j])) {
        dominated[i].push_back(j);
        ++dominators[j];
      } else if (dominates(points[j], points[i])) {
        dominated[j].push_back(i);
        ++dominators[i];
      }
    }
  }
  std::vector<std::vector<std::size_t>> fronts;
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (dominators[i] == 0) front.push_back(i);
  }
  while (!front.empty()) {
    std::vector<std::size_t> next;
    for (const std::size_t i : front) {
      for (const std::size_t j : dominated[i]) {
        if (--dominators[j] == 0) next.push_back(j);
      }
    }
    std::sort(next.begin(), next.end());
    fronts.push_back(std::move(front));
    front = std::move(next);
  }
  return fronts;
}

/// The points that no point dominates, as ascending indices in `points`. Of equal points all are
/// kept.
///
/// *Throws*: as `non_dominated_fronts`.
///
/// *Cost*: O(n log n + M n · size of the front).
inline std::vector<std::size_t> pareto_front(std::span<const CostPoint> points) {
  detail::check_costs("pareto_front", points);
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return points[a] == points[b] ? a < b : points[a] < points[b];
  });
  std::vector<std::size_t> front;  // in this order only earlier points can dominate a point
  for (const std::size_t i : order) {
    const bool is_dominated = std::any_of(
        front.begin(), front.end(), [&](std::size_t j) { return dominates(points[j], points[i]); });
    if (!is_dominated) front.push_back(i);
  }
  std::sort(front.begin(), front.end());
  return front;
}

}  // namespace interchoice
