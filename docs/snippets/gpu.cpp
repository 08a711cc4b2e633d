// The code of docs/how-to/gpu.md.

#include "interchoice/cuda.hpp"

#include <ATen/core/Tensor.h>

namespace ic = interchoice;

/// A layer of a captured graph: the row is chosen before each replay.
at::Tensor layer(const at::Tensor& images, const at::Tensor& table, const at::Tensor& index) {
  // images [N, C, H, W] channels-last, table [R, C], index: one int64, all on the device
  return ic::cuda::shifted_relu(images, table, index);
}
