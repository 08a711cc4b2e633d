#pragma once

#include <algorithm>

namespace interchoice {

/// Something about an operation that a policy can change by a constant per channel.
enum class Effect {
  kInputShift,  ///< y(x + b)
  kInputScale,  ///< y(x * s)
  kNormShift,   ///< b added after the operation's first BatchNorm
  kNormScale,   ///< s multiplied after the operation's first BatchNorm
};

/// What becomes of such a change in training mode, when it is the same for all images and pixels.
///
/// Ordered from the most visible to the least.
enum class Response {
  kObserved,    ///< the output changes in more than a constant
  kPropagated,  ///< the output changes by a constant per channel, no more
  kRemoved,     ///< the output does not change
};

/// How an operation responds to each effect.
///
/// The defaults claim least: everything at the input is observed, there is no BatchNorm to adjust.
struct Responses {
  Response input_shift = Response::kObserved;
  Response input_scale = Response::kObserved;
  Response norm_shift = Response::kRemoved;
  Response norm_scale = Response::kRemoved;

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

/// What becomes of a change behind two things in a row: only a constant goes on to the second.
constexpr Response followed_by(Response first, Response second) {
  return first == Response::kPropagated ? second : first;
}

/// The more visible of two responses: all that can be said where either may happen.
constexpr Response most_visible(Response a, Response b) { return std::min(a, b); }

}  // namespace interchoice
