#pragma once

#include <cstdint>

namespace interchoice {

/// What a location asks of its candidates: channels in, channels out, stride.
///
/// *Shapes*: [N, channels, H, W] -> [N, out_channels, ceil(H / stride), ceil(W / stride)].
struct Geometry {
  std::int64_t channels = 1;
  std::int64_t out_channels = channels;
  std::int64_t stride = 1;

  /// Whether a candidate may pass its input through.
  constexpr bool keeps_shape() const { return channels == out_channels && stride == 1; }

  friend bool operator==(const Geometry&, const Geometry&) = default;
};

}  // namespace interchoice
