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

/// A batch on another device; the same batch where it is there already. The host does not wait for
/// a GPU, which copies from memory that is pinned for it.
inline Batch on_device(const Batch& batch, at::Device device) {
  const auto to = [&](const at::Tensor& tensor) {
    if (!device.is_cuda() || !tensor.is_cpu()) return tensor.to(device);
    return tensor.pin_memory().to(device, tensor.scalar_type(), /*non_blocking=*/true);
  };
  return {to(batch.data), to(batch.target)};
}

}  // namespace interchoice
