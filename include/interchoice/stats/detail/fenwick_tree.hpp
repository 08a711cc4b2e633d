#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace interchoice::detail {

/// Counts of the keys 0, …, keys - 1 that can be increased and summed up to any key in O(log keys).
///
/// *Source*: Fenwick, "A New Data Structure for Cumulative Frequency Tables", Software: Practice
/// and Experience 24 (1994).
class FenwickTree {
 public:
  explicit FenwickTree(std::size_t keys) : sums_(keys + 1) {}

  /// Counts one more of `key`.
  void increment(std::size_t key) {
    for (std::size_t i = key + 1; i < sums_.size(); i += lowest_bit(i)) ++sums_[i];
  }

  /// The number of keys counted so far that are less than `key`; `key` may be `keys`.
  std::uint64_t below(std::size_t key) const {
    std::uint64_t count = 0;
    for (std::size_t i = key; i > 0; i -= lowest_bit(i)) count += sums_[i];
    return count;
  }

 private:
  static std::size_t lowest_bit(std::size_t i) { return i & (~i + 1); }

  std::vector<std::uint64_t> sums_;  // sums_[i]: the counts of the lowest_bit(i) keys before i
};

}  // namespace interchoice::detail
