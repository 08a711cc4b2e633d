#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "interchoice/distributed/group.hpp"

namespace interchoice::detail {

/// Sums over what an epoch has seen so far, steps that were skipped left out.
struct EpochSums {
  double loss = 0;  // each example's, for every path
  std::int64_t examples = 0;
  std::int64_t correct = 0;
  std::int64_t targets = 0;  // that are classes
  std::size_t skipped = 0;   // steps
  double seconds = 0;

  void add(double mean_loss, std::int64_t count) {
    loss += mean_loss * static_cast<double>(count);
    examples += count;
  }
  void add(const EpochSums& other) {
    loss += other.loss;
    examples += other.examples;
    correct += other.correct;
    targets += other.targets;
    skipped += other.skipped;
    seconds += other.seconds;
  }
  /// With the examples of all ranks; what counts steps is the same on each.
  EpochSums of_group(const Group& group) const {
    if (group.is_alone()) return *this;
    at::Tensor all = at::empty({4}, at::kDouble);
    auto* const values = all.mutable_data_ptr<double>();
    values[0] = loss;
    values[1] = static_cast<double>(examples);
    values[2] = static_cast<double>(correct);
    values[3] = static_cast<double>(targets);
    group.sum(all);
    const auto count = [&](int i) { return static_cast<std::int64_t>(values[i]); };
    return {.loss = values[0],
            .examples = count(1),
            .correct = count(2),
            .targets = count(3),
            .skipped = skipped,
            .seconds = seconds};
  }
  /// What a rank goes on from that were those of its whole group: rank 0 has the examples.
  EpochSums of_rank(const Group& group) const {
    return group.is_first() ? *this : EpochSums{.skipped = skipped, .seconds = seconds};
  }
  double mean_loss() const { return loss / static_cast<double>(examples); }
  std::optional<double> accuracy() const {
    if (targets == 0) return std::nullopt;
    return static_cast<double>(correct) / static_cast<double>(targets);
  }
};

}  // namespace interchoice::detail
