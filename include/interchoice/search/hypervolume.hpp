#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <span>
#include <stdexcept>
#include <vector>

#include "interchoice/search/dominance.hpp"

namespace interchoice {

namespace detail {

/// The area that points of a plane dominate below a corner, one point after the other.
class DominatedArea {
 public:
  DominatedArea(double corner_x, double corner_y) : corner_x_(corner_x), corner_y_(corner_y) {}

  double value() const { return area_; }

  void add(double x, double y) {
    if (x >= corner_x_ || y >= corner_y_) return;
    auto next = steps_.upper_bound(x);  // the first step to the right
    double top = corner_y_;             // height of the dominated region's lower edge at x
    if (next != steps_.begin()) top = std::prev(next)->second;
    if (y >= top) return;  // dominated, or the same point
    double left = x;
    // The area above y is filled step by step to the right, and the steps there vanish.
    while (next != steps_.end() && next->second >= y) {
      area_ += (next->first - left) * (top - y);
      left = next->first;
      top = next->second;
      next = steps_.erase(next);
    }
    const double right = next == steps_.end() ? corner_x_ : next->first;
    area_ += (right - left) * (top - y);
    steps_.insert_or_assign(x, y);
  }

 private:
  double corner_x_;
  double corner_y_;
  double area_ = 0;
  std::map<double, double> steps_;  // x -> y: from left to right, y falls
};

}  // namespace detail

/// The volume that points dominate, bounded by a reference point; all coordinates are to be
/// minimised.
///
///     HV = λ({z : ∃p ∈ points: p ≤ z ≤ reference})
///
/// Larger is better, and it grows with every point that is not dominated: the usual single number
/// for a set of non-dominated architectures. It depends on the units and on the reference, so state
/// both. Points that are not better than the reference in every coordinate add nothing. Duplicates
/// and dominated points change nothing.
///
/// *Throws*: `std::invalid_argument` unless points and reference have two coordinates each or three
/// each, all finite.
///
/// *Cost*: O(n log n): a sweep through the last coordinate, over a staircase of the other two.
/// Exact up to rounding.
///
/// *Source*: Zitzler & Thiele (1999); the sweep: Fonseca, Paquete, López-Ibáñez (2006).
inline double hypervolume(std::span<const CostPoint> points, const CostPoint& reference) {
  detail::check_costs("hypervolume", points);
  detail::check_costs("hypervolume (reference)", {&reference, 1});
  const std::size_t dimensions = reference.size();
  if (dimensions != 2 && dimensions != 3) {
    throw std::invalid_argument(fmt::format(
        "interchoice: hypervolume: the reference has {} coordinates; it is computed for 2 and 3",
        dimensions));
  }
  if (!points.empty() && points[0].size() != dimensions) {
    throw std::invalid_argument(
        fmt::format("interchoice: hypervolume: points have {} coordinates, the reference has {}; "
                    "give both the same number",
                    points[0].size(), dimensions));
  }
  detail::DominatedArea area(reference[0], reference[1]);
  if (dimensions == 2) {
    for (const CostPoint& point : points) area.add(point[0], point[1]);
    return area.value();
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i][2] < reference[2]) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return points[a][2] < points[b][2]; });
  double volume = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const CostPoint& point = points[order[i]];
    area.add(point[0], point[1]);
    const double next = i + 1 < order.size() ? points[order[i + 1]][2] : reference[2];
    volume += area.value() * (next - point[2]);
  }
  return volume;
}

}  // namespace interchoice
