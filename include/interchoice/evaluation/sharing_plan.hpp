#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/networks/segments.hpp"

namespace interchoice {

/// The order in which architectures are evaluated, so that what they share is computed once.
///
/// The architectures, each once, are the leaves of a trie whose levels are the segments: two go
/// through the same node at level l if they agree on all choices that segments 0..l-1 read. A step
/// runs the segments between two levels for all images; what comes out is kept where architectures
/// part and is used until the last of them is done.
///
/// Under a memory limit only some levels keep: the set with the least work whose sizes fit in
/// together (levels that are left out are recomputed for each branch below them).
class SharingPlan {
 public:
  /// Runs segments [from, to) for the architecture `order()[first]`. Architectures [first, last)
  /// share this; if `to` is the last level they are the same network and their result is here.
  struct Step {
    std::size_t from;
    std::size_t to;
    std::size_t first;
    std::size_t last;
  };

  /// `kept_bytes[l]`: the memory that level l takes, the activations behind segment l - 1; empty
  /// for no limit. *Throws* std::invalid_argument if there are no segments, if one reads a choice
  /// that the space does not have, or if `kept_bytes` has other than segments + 1 entries.
  template <SearchSpace Space>
  SharingPlan(const std::vector<Segment>& segments,
              const std::vector<Architecture<Space>>& architectures,
              const std::vector<double>& kept_bytes = {},
              double memory_limit = std::numeric_limits<double>::infinity())
      : SharingPlan(segments, candidates_of(architectures), Space::choice_count, kept_bytes,
                    memory_limit) {}

  /// The same of architectures of any space, by their candidates.
  SharingPlan(const std::vector<Segment>& segments,
              const std::vector<std::span<const std::uint8_t>>& architectures,
              std::size_t choice_count, const std::vector<double>& kept_bytes, double memory_limit)
      : levels_(segments.size() + 1) {
    if (segments.empty()) fail("there are no segments; a network needs one at least");
    if (!kept_bytes.empty() && kept_bytes.size() != levels_) {
      fail(fmt::format("{} sizes for {} levels; give one for each segment and one for the input",
                       kept_bytes.size(), levels_));
    }
    std::vector<std::size_t> choices;                  // in the order of first reading
    std::vector<std::size_t> read_before(levels_, 0);  // how many of them before each level
    for (std::size_t l = 0; l + 1 < levels_; ++l) {
      for (const std::size_t choice : segments[l].choices) {
        if (choice >= choice_count) {
          fail(fmt::format("segment '{}' reads choice {}; the space has {}", segments[l].name,
                           choice, choice_count));
        }
        if (std::find(choices.begin(), choices.end(), choice) == choices.end()) {
          choices.push_back(choice);
        }
      }
      read_before[l + 1] = choices.size();
    }
    std::vector<std::vector<std::uint8_t>> keys(architectures.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      for (const std::size_t choice : choices) keys[i].push_back(architectures[i][choice]);
    }
    order_.resize(architectures.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return std::tie(keys[a], a) < std::tie(keys[b], b);
    });
    for (std::size_t i = 0; i < order_.size(); ++i) {
      common_.push_back(i == 0 ? 0
                               : common_level(keys[order_[i - 1]], keys[order_[i]], read_before));
    }
    choose_levels(kept_bytes, memory_limit);
    if (!order_.empty()) branch(0, 0, order_.size());
  }

  /// Positions of the architectures in the order of evaluation; duplicates stand together.
  const std::vector<std::size_t>& order() const { return order_; }

  /// How many segments each shares with the one before it in that order; 0 for the first.
  const std::vector<std::size_t>& common() const { return common_; }

  /// The steps to run, in order. A step starts from the last kept level `from`.
  const std::vector<Step>& steps() const { return steps_; }

  /// The number of segments of the network.
  std::size_t segment_count() const { return levels_ - 1; }

  /// The number of different networks among the architectures.
  std::size_t leaf_count() const {
    return static_cast<std::size_t>(std::count_if(
        steps_.begin(), steps_.end(), [&](const Step& step) { return step.to + 1 == levels_; }));
  }

  /// How often each segment is run for all images.
  std::vector<std::size_t> segment_runs() const {
    std::vector<std::size_t> runs(levels_ - 1, 0);
    for (const Step& step : steps_) {
      for (std::size_t i = step.from; i < step.to; ++i) ++runs[i];
    }
    return runs;
  }

  /// The levels at which activations may be kept.
  const std::vector<std::size_t>& kept_levels() const { return kept_; }

 private:
  template <SearchSpace Space>
  static std::vector<std::span<const std::uint8_t>> candidates_of(
      const std::vector<Architecture<Space>>& architectures) {
    std::vector<std::span<const std::uint8_t>> all;
    for (const auto& architecture : architectures) all.push_back(architecture.candidates());
    return all;
  }

  [[noreturn]] static void fail(const std::string& reason) {
    throw std::invalid_argument("interchoice: sharing of prefixes: " + reason);
  }

  // The last level up to which two neighbours are the same network.
  std::size_t common_level(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b,
                           const std::vector<std::size_t>& read_before) const {
    const auto same =
        static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin());
    std::size_t level = 0;
    while (level + 1 < levels_ && read_before[level + 1] <= same) ++level;
    return level;
  }

  // The least number of segment runs within the limit: for each level the best sets that end there,
  // of which none needs more memory and more work than another.
  void choose_levels(const std::vector<double>& bytes, double limit) {
    if (bytes.empty() || std::accumulate(bytes.begin() + 1, bytes.end() - 1, 0.0) <= limit) {
      for (std::size_t l = 1; l + 1 < levels_; ++l) kept_.push_back(l);
      return;
    }
    struct Set {
      std::size_t units;  // 1/kUnits of the limit, so that there are few sets
      double runs;
      std::vector<std::size_t> levels;
    };
    constexpr std::size_t kUnits = 256;
    std::vector<std::vector<Set>> best(levels_);
    best[0].push_back({0, 0, {}});
    for (std::size_t l = 1; l < levels_; ++l) {
      const bool is_last = l + 1 == levels_;
      if (!is_last && !(bytes[l] <= limit)) continue;
      const auto nodes = static_cast<double>(node_count(l));
      const std::size_t needs =
          is_last || limit == 0
              ? 0
              : static_cast<std::size_t>(std::ceil(bytes[l] / limit * double{kUnits}));
      std::vector<Set> sets;
      for (std::size_t k = 0; k < l; ++k) {
        for (const Set& set : best[k]) {
          if (set.units + needs > kUnits) continue;
          Set next{set.units + needs, set.runs + nodes * static_cast<double>(l - k), set.levels};
          if (!is_last) next.levels.push_back(l);
          sets.push_back(std::move(next));
        }
      }
      std::sort(sets.begin(), sets.end(), [](const Set& a, const Set& b) {
        return std::pair(a.runs, a.units) < std::pair(b.runs, b.units);
      });
      for (Set& set : sets) {
        if (best[l].empty() || set.units < best[l].back().units) best[l].push_back(std::move(set));
      }
    }
    kept_ = best.back().front().levels;
  }

  std::size_t node_count(std::size_t level) const {
    return static_cast<std::size_t>(std::count_if(
        common_.begin(), common_.end(), [&](std::size_t common) { return common < level; }));
  }

  // Plans architectures [first, last), which share everything up to `level`.
  void branch(std::size_t level, std::size_t first, std::size_t last) {
    const auto above = std::upper_bound(kept_.begin(), kept_.end(), level);
    const std::size_t next = above == kept_.end() ? levels_ - 1 : *above;
    for (std::size_t begin = first; begin < last;) {
      std::size_t end = begin + 1;
      std::size_t shared = levels_ - 1;
      for (; end < last && common_[end] >= next; ++end) shared = std::min(shared, common_[end]);
      if (shared + 1 < levels_) {  // they part behind `next`: keep as late as can be
        shared = *(std::upper_bound(kept_.begin(), kept_.end(), shared) - 1);
      }
      steps_.push_back({level, shared, begin, end});
      if (shared + 1 < levels_) branch(shared, begin, end);
      begin = end;
    }
  }

  std::size_t levels_;
  std::vector<std::size_t> order_;
  std::vector<std::size_t> common_;  // with the one before, of each in order; 0 for the first
  std::vector<std::size_t> kept_;
  std::vector<Step> steps_;
};

}  // namespace interchoice
