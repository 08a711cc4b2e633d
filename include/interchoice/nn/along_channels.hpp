#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/DimVector.h>
#include <c10/util/Exception.h>

#include <cstddef>

#include "interchoice/nn/geometry.hpp"

namespace interchoice {

/// A vector [C] as a view that broadcasts along the channel axis of x: [1, C, 1, 1] for images, [C]
/// for tokens.
///
/// *Throws* c10::Error where x has another number of channels on that axis.
inline at::Tensor along_channels(const at::Tensor& vector, const at::Tensor& x,
                                 ChannelAxis axis = ChannelAxis::kSecond) {
  const bool is_last = axis == ChannelAxis::kLast;
  TORCH_CHECK(x.dim() >= 2 && x.size(is_last ? -1 : 1) == vector.numel(), "interchoice: expected ",
              vector.numel(), " channels on the ",
              is_last ? "last axis, [N, ..., C]" : "second axis, [N, C, ...]", ", got a tensor ",
              x.sizes(), "; give the location its Geometry{.channels, .axis}");
  if (is_last) return vector;
  c10::DimVector sizes(static_cast<std::size_t>(x.dim()), 1);
  sizes[1] = vector.numel();
  return vector.view(sizes);
}

}  // namespace interchoice
