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

/// A batch on another device; the same batch where it is there already.
inline Batch on_device(const Batch& batch, at::Device device) {
  return {batch.data.to(device), batch.target.to(device)};
}

}  // namespace interchoice
