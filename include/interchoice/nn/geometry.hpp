#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace interchoice {

/// The axis of a tensor that counts the channels.
enum class ChannelAxis {
  kSecond,  ///< vectors [N, C], sequences [N, C, T], images [N, C, H, W], volumes [N, C, D, H, W]
  kLast,    ///< tokens [N, T, C], or [N, ..., C]
};

/// The shape that a location asks of its candidates: channels in, channels out, stride, and the
/// axis on which the channels are.
///
/// *Shapes*: [N, channels, H, W] -> [N, out_channels, ceil(H / stride), ceil(W / stride)], with as
/// many spatial axes as the input has; [N, T, channels] -> [N, ceil(T / stride), out_channels].
struct Geometry {
  std::int64_t channels = 1;             ///< of the input
  std::int64_t out_channels = channels;  ///< of the output
  std::int64_t stride = 1;               ///< along each spatial axis, or the tokens
  ChannelAxis axis = ChannelAxis::kSecond;

  /// Whether a candidate may pass its input through.
  constexpr bool keeps_shape() const { return channels == out_channels && stride == 1; }

  /// The sizes of the output for an input of these sizes, which has at least two axes.
  std::vector<std::int64_t> output_sizes(std::span<const std::int64_t> input) const {
    std::vector<std::int64_t> sizes(input.begin(), input.end());
    for (std::size_t i = 1; i < sizes.size(); ++i) sizes[i] = (sizes[i] - 1) / stride + 1;
    (axis == ChannelAxis::kLast ? sizes.back() : sizes[1]) = out_channels;
    return sizes;
  }

  friend bool operator==(const Geometry&, const Geometry&) = default;
};

}  // namespace interchoice
