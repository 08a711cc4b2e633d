#pragma once

#include <cstdint>

namespace interchoice {

/// What of a training step the ranks of a group share out.
enum class RanksShare : std::uint8_t {
  /// Each trains the same paths on its part of the batch: the step is that of one process with the
  /// whole batch (each BatchNorm sees its rank's part, unless it is synchronised).
  kExamples,
  /// Rank r of R trains paths r, r + R, ... of the step on the whole batch: the step is that of one
  /// process that trains all of them. For samplers of R paths or more, such as `StrictFair`.
  kPaths,
};

}  // namespace interchoice
