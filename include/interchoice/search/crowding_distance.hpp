#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "interchoice/search/dominance.hpp"

namespace interchoice {

/// How far each point of a front is from its neighbours.
///
///     d_i = Σ_m (next_m(i) - previous_m(i)) / (max_m - min_m)
///
/// with the neighbours in the order of coordinate m; the first and the last of each order get
/// infinity. Equal coordinates are ordered by their place in `front`, so of several equal points at
/// an end one is infinite. A coordinate that is the same everywhere adds nothing, to the ends
/// neither.
///
/// *Throws*: `std::invalid_argument` as `non_dominated_fronts`.
///
/// *Cost*: O(M n log n). *Source*: Deb et al. (2002), section III B.
inline std::vector<double> crowding_distances(std::span<const CostPoint> front) {
  detail::check_costs("crowding_distances", front);
  std::vector<double> distances(front.size());
  if (front.empty()) return distances;
  std::vector<std::size_t> order(front.size());
  for (std::size_t m = 0; m < front[0].size(); ++m) {
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return front[a][m] < front[b][m]; });
    const double range = front[order.back()][m] - front[order.front()][m];
    if (!(range > 0)) continue;
    distances[order.front()] = std::numeric_limits<double>::infinity();
    distances[order.back()] = std::numeric_limits<double>::infinity();
    for (std::size_t i = 1; i + 1 < order.size(); ++i) {
      distances[order[i]] += (front[order[i + 1]][m] - front[order[i - 1]][m]) / range;
    }
  }
  return distances;
}

}  // namespace interchoice
