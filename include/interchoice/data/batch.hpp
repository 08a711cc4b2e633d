#pragma once

#include <ATen/core/Tensor.h>

namespace interchoice {

/// What a network is given at one step.
///
/// *Shapes*: `data` float32 [B, C, H, W], channels-last; `target` int64 [B].
struct Batch {
  at::Tensor data;
  at::Tensor target;
};

}  // namespace interchoice
