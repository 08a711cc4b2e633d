#pragma once

#include <ATen/core/Tensor.h>

namespace interchoice {

/// The input of a network at one step, and what its output is compared with.
///
/// *Shapes*: of the library's image sources: `data` float32 [B, C, H, W], channels-last; `target`
/// int64 [B]. Sources of one's own may have any, with the batch first.
struct Batch {
  at::Tensor data;
  at::Tensor target;
};

/// A batch on another device; the same batch where it is there already.
inline Batch on_device(const Batch& batch, at::Device device) {
  return {batch.data.to(device), batch.target.to(device)};
}

}  // namespace interchoice
