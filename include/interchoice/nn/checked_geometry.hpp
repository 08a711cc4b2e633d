#pragma once

#include <c10/util/Exception.h>

#include <string_view>

#include "interchoice/nn/geometry.hpp"

namespace interchoice {

/// For an operation's `build`. *Throws* c10::Error where its channels would be on another axis than
/// it works on.
inline void check_axis(const Geometry& geometry, ChannelAxis axis, std::string_view operation) {
  const bool is_last = axis == ChannelAxis::kLast;
  TORCH_CHECK(geometry.axis == axis, "interchoice: ", operation, " needs its channels on the ",
              is_last ? "last axis, [N, ..., C]" : "second axis, [N, C, ...]",
              "; give the location Geometry{.axis = ChannelAxis::", is_last ? "kLast" : "kSecond",
              "}");
}

/// The same where the geometry changes the shape; `advice` ends the message.
inline void check_keeps_shape(const Geometry& geometry, std::string_view operation,
                              std::string_view advice) {
  TORCH_CHECK(geometry.keeps_shape(), "interchoice: ", operation,
              " needs equal channels and stride 1, got ", geometry.channels, " -> ",
              geometry.out_channels, ", stride ", geometry.stride, "; ", advice);
}

}  // namespace interchoice
