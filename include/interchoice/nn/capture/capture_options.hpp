#pragma once

#include <cstddef>

namespace interchoice {

/// When `CapturedCandidates` capture, and how much.
struct CaptureOptions {
  /// Passes of a candidate that run eagerly before one like them is captured: what comes once, such
  /// as the last batch of an epoch, is not worth a graph.
  std::size_t eager_passes = 1;
  /// Bytes of the device's memory that graphs may take; afterwards no more are captured. 0: half of
  /// what the device has.
  std::size_t most_bytes = 0;
};

/// What `CapturedCandidates` have done so far.
struct CaptureCounts {
  std::size_t captures = 0;  ///< of a forward pass, with its backward pass where there is one
  std::size_t replays = 0;   ///< forward passes that a graph ran
  std::size_t eager = 0;     ///< forward passes that libtorch ran
  std::size_t bytes = 0;     ///< of the device's memory that graphs take
};

}  // namespace interchoice
