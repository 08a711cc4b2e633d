#pragma once

#include <algorithm>

namespace interchoice {

/// A change to an operation by a constant per channel, made by a policy.
enum class Effect {
  kInputShift,  ///< y(x + b)
  kInputScale,  ///< y(x * s)
  kNormShift,   ///< b added after the operation's first normalisation
  kNormScale,   ///< s multiplied after the operation's first normalisation
};

/// The effect on the output of such a change in training mode, when it is the same for all examples
/// and positions (pixels, time steps, tokens).
///
/// Ordered from the most visible to the least. What common layers do to a constant per channel:
///
///   kPropagated   identity, residual additions, linear maps of the channels (a convolution without
///                 padding), average pooling that leaves the padding out, means over positions,
///                 the values of an attention
///   kRemoved      BatchNorm, GroupNorm with a group for each channel (instance norm); the keys of
///                 an attention, whose softmax takes off what all of them share
///   kObserved     activations, padded convolutions, LayerNorm over the channels and GroupNorm with
///                 larger groups (all but the multiples of one vector change), an attention's
///                 queries
enum class Response {
  kObserved,    ///< the output changes in more than a constant
  kPropagated,  ///< the output changes by a constant per channel, no more
  kRemoved,     ///< the output does not change
};

/// How an operation responds to each effect, and to zeros.
///
/// The defaults claim least: everything at the input is observed, there is no normalisation to
/// adjust.
struct Responses {
  Response input_shift = Response::kObserved;
  Response input_scale = Response::kObserved;
  Response norm_shift = Response::kRemoved;
  Response norm_scale = Response::kRemoved;
  bool keeps_zeros = false;  ///< zeros come out where zeros come in, for all weights and statistics
  bool is_zero = false;      ///< y = 0 for any x

  /// Whether there is a normalisation to adjust.
  constexpr bool has_norm() const {
    return norm_shift != Response::kRemoved || norm_scale != Response::kRemoved;
  }
  /// The response to one effect.
  constexpr Response to(Effect effect) const {
    switch (effect) {
      case Effect::kInputShift:
        return input_shift;
      case Effect::kInputScale:
        return input_scale;
      case Effect::kNormShift:
        return norm_shift;
      case Effect::kNormScale:
        return norm_scale;
    }
    return Response::kObserved;
  }
  friend constexpr bool operator==(const Responses&, const Responses&) = default;
};

/// The response of two things in a row: only a constant goes on to the second.
constexpr Response followed_by(Response first, Response second) {
  return first == Response::kPropagated ? second : first;
}

/// The more visible of two responses: the most that may happen where either can.
constexpr Response most_visible(Response a, Response b) { return std::min(a, b); }

}  // namespace interchoice
