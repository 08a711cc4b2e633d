#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstddef>

#include "interchoice/nn/kernels/is_traced.hpp"

namespace interchoice::detail {

/// The kernels of a device other than the CPU, in place once a file of the program includes
/// `interchoice/cuda.hpp`; none until then. A table of functions: files with and without CUDA
/// headers see the same `vector_relu`.
struct DeviceKernels {
  static constexpr std::size_t kMostValues = 8;

  bool (*can_take)(const at::Tensor& x, const at::Tensor& vector) = nullptr;
  at::Tensor (*vector_relu)(const at::Tensor& x, const at::Tensor& vector) = nullptr;
  at::Tensor (*node_sum)(at::TensorList values, const at::Tensor& vector) = nullptr;
  at::Tensor (*average_pool)(const at::Tensor& x, const at::Tensor& vector,
                             bool count_include_pad) = nullptr;

  /// Whether they take images x with a vector [C], or undefined, beside them.
  bool take(const at::Tensor& x, const at::Tensor& vector) const {
    return can_take != nullptr && x.is_cuda() && can_take(x, vector) && !is_traced();
  }

  /// The same for several images of one shape.
  bool take_all(at::TensorList values, const at::Tensor& vector) const {
    return values.size() <= kMostValues &&
           std::all_of(values.begin(), values.end(), [&](const at::Tensor& value) {
             return value.scalar_type() == values[0].scalar_type() &&
                    value.device() == values[0].device() && take(value, vector);
           });
  }
};

inline DeviceKernels device_kernels;

}  // namespace interchoice::detail
