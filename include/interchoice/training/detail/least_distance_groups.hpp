#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace interchoice::detail {

/// Numbers groups by their first member: 2 2 0 1 becomes 0 0 1 2.
inline std::vector<std::size_t> numbered_by_first(std::vector<std::size_t> groups) {
  std::vector<std::size_t> first;
  for (std::size_t& group : groups) {
    std::size_t number = 0;
    while (number < first.size() && first[number] != group) ++number;
    if (number == first.size()) first.push_back(group);
    group = number;
  }
  return groups;
}

/// A search for groups with a small sum of all distances within them, which are symmetric and not
/// negative, so that groups of equal sizes are favoured.
class LeastDistanceGroups {
 public:
  LeastDistanceGroups(const std::vector<std::vector<double>>& distances, std::size_t count)
      : distances_(distances), count_(count), groups_(distances.size(), kNone) {}

  /// From each thing on once around, one after the other is put where it adds least, then moved as
  /// long as that helps. *Cost*: some n^3 count.
  void move() {
    for (std::size_t start = 0; start < groups_.size(); ++start) {
      groups_.assign(groups_.size(), kNone);
      for (std::size_t i = 0; i < groups_.size(); ++i) place((start + i) % groups_.size());
      for (bool is_moved = true; is_moved;) {
        is_moved = false;
        for (std::size_t i = 0; i < groups_.size(); ++i) is_moved = place(i) || is_moved;
      }
      double sum = 0;
      for (std::size_t i = 0; i < groups_.size(); ++i) sum += added(i, groups_[i]) / 2;
      keep(sum);
    }
  }

  /// Looks at all partitions but those that begin with more than the least sum.
  void enumerate() {
    groups_.assign(groups_.size(), kNone);
    enumerate(0, 0, 0);
  }

  const std::vector<std::size_t>& best() const { return best_; }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  // A change has to help by more than rounding, so that changes end.
  static constexpr double kRounding = 1e-12;

  double added(std::size_t thing, std::size_t group) const {
    double sum = 0;
    for (std::size_t other = 0; other < groups_.size(); ++other) {
      if (other != thing && groups_[other] == group) sum += distances_[thing][other];
    }
    return sum;
  }

  bool place(std::size_t thing) {
    const std::size_t before = groups_[thing];
    double least = before == kNone ? std::numeric_limits<double>::infinity()
                                   : added(thing, before) - kRounding;
    for (std::size_t group = 0; group < count_; ++group) {
      const double there = added(thing, group);
      if (!(there < least)) continue;
      least = there;
      groups_[thing] = group;
    }
    return groups_[thing] != before;
  }

  void enumerate(std::size_t thing, std::size_t used, double sum) {
    if (sum >= least_ - kRounding) return;
    if (thing == groups_.size()) return keep(sum);
    for (std::size_t group = 0; group < count_ && group <= used; ++group) {
      const double more = added(thing, group);  // to those before it
      groups_[thing] = group;
      enumerate(thing + 1, std::max(used, group + 1), sum + more);
      groups_[thing] = kNone;
    }
  }

  void keep(double sum) {
    if (!(sum < least_)) return;
    least_ = sum;
    best_ = groups_;
  }

  const std::vector<std::vector<double>>& distances_;
  std::size_t count_;
  std::vector<std::size_t> groups_;
  std::vector<std::size_t> best_{};
  double least_ = std::numeric_limits<double>::infinity();
};

/// At most `count` groups of things with the least sum of all distances within them; of more than
/// ten things a sum that no move of one thing makes smaller.
inline std::vector<std::size_t> least_distance_groups(
    const std::vector<std::vector<double>>& distances, std::size_t count) {
  constexpr std::size_t kMostToEnumerate = 10;  // some 100,000 partitions
  LeastDistanceGroups search(distances, count);
  search.move();
  if (distances.size() <= kMostToEnumerate) search.enumerate();
  return numbered_by_first(search.best());
}

}  // namespace interchoice::detail
