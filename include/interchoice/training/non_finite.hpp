#pragma once

namespace interchoice {

/// What a step does whose loss, gradient, or buffers (BatchNorm's statistics) are not finite. It
/// learns nothing either way: weights, optimizer, buffers and libtorch's generators stay, to the
/// bit, what they were before it.
enum class NonFinite {
  /// Throws std::runtime_error that says what was not finite, and where. The default.
  kStop,
  /// Counts as a step, so that paths and batches go on, and says so in its record.
  kSkip,
};

}  // namespace interchoice
