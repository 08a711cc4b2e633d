#pragma once

namespace interchoice {

/// With which SGD momentum the copies of a split begin, given their source's.
enum class CopyMomentum {
  /// Each copy has a copy of it and moves on as its source does. The default.
  kCopied,
  /// Each copy begins without, as a new parameter does.
  kFresh,
  /// All copies and their source go on with one momentum, as in the reference implementation.
  ///
  /// Every parameter that has a gradient at a step moves the momentum, so no more than one of those
  /// that share it may have one: `UnsampledWeights::kFreeze`, and a context a step at each
  /// location.
  kShared,
};

}  // namespace interchoice
