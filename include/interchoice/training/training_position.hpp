#pragma once

#include <cstddef>

namespace interchoice {

/// A place in a training, between two steps: `step` steps of epoch `epoch` are done, and all epochs
/// before it. Both count from 0; an epoch's end is the next one's beginning.
struct TrainingPosition {
  std::size_t epoch = 0;
  std::size_t step = 0;

  friend bool operator==(const TrainingPosition&, const TrainingPosition&) = default;
};

}  // namespace interchoice
