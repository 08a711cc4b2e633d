#pragma once

// Our kernels for CUDA tensors in `vector_relu`, `node_sum` and `average_pool3x3`: one file of a
// program that links the CMake target interchoice::cuda includes this; the others need not know.
// And `cuda::graph_recorder`.

#include "interchoice/nn/capture/cuda_graph_recorder.hpp"
#include "interchoice/nn/kernels/cuda/operators.hpp"
#include "interchoice/nn/kernels/device_kernels.hpp"

namespace interchoice::cuda::detail {

/// The vector as the kernels want it.
inline at::Tensor as_row(const at::Tensor& vector, const at::Tensor& x) {
  return vector.defined() ? vector.to(row_type(x)).contiguous() : vector;
}

inline const bool kernels_are_in_place = [] {
  interchoice::detail::device_kernels = {
      .can_take =
          [](const at::Tensor& x, const at::Tensor& vector) {
            return (!vector.defined() || (vector.device() == x.device() && vector.dim() == 1 &&
                                          vector.size(0) == x.size(1) &&
                                          (vector.scalar_type() == x.scalar_type() ||
                                           vector.scalar_type() == row_type(x)))) &&
                   has_kernels_for(x);
          },
      .vector_relu = [](const at::Tensor& x,
                        const at::Tensor& vector) { return shifted_relu(x, as_row(vector, x)); },
      .node_sum =
          [](at::TensorList values, const at::Tensor& vector) {
            return node_sum(values, as_row(vector, values[0]));
          },
      .average_pool =
          [](const at::Tensor& x, const at::Tensor& vector, bool count_include_pad) {
            return average_pool(x, as_row(vector, x), count_include_pad);
          }};
  return true;
}();

}  // namespace interchoice::cuda::detail
