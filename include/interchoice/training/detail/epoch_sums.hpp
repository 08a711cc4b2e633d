#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

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
  double mean_loss() const { return loss / static_cast<double>(examples); }
  std::optional<double> accuracy() const {
    if (targets == 0) return std::nullopt;
    return static_cast<double>(correct) / static_cast<double>(targets);
  }
};

}  // namespace interchoice::detail
