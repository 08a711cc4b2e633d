#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/relu.h>

#include <cstdint>

namespace interchoice {

/// An activation that can be computed in the pass of the normalisation in front of it.
enum class NormActivation : std::uint8_t { kNone, kRelu, kRelu6 };

namespace detail {

/// The activation in a pass of its own, in place.
inline at::Tensor activate_(at::Tensor y, NormActivation activation) {
  switch (activation) {
    case NormActivation::kRelu:
      return at::relu_(y);
    case NormActivation::kRelu6:
      return at::hardtanh_(y, 0, 6);
    case NormActivation::kNone:
      break;
  }
  return y;
}

}  // namespace detail

}  // namespace interchoice
