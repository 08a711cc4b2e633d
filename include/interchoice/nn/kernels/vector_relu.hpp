#pragma once

#include <ATen/Dispatch.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/relu.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstdint>

#include "interchoice/nn/along_channels.hpp"
#include "interchoice/nn/kernels/device_kernels.hpp"
#include "interchoice/nn/kernels/row_major.hpp"

namespace interchoice {

namespace detail {

/// out = max(0, in + shift), rows of `channels`. Lets NaN through, as libtorch's ReLU does.
template <class Scalar>
void vector_relu_rows(const Scalar* in, const Scalar* shift, Scalar* out, std::int64_t rows,
                      std::int64_t channels) {
  for_row_ranges(rows, [=](std::int64_t begin, std::int64_t end) {
    run_vectorized([=]() INTERCHOICE_LOOP {
      for (std::int64_t row = begin; row < end; ++row) {
        const Scalar* a = in + row * channels;
        Scalar* b = out + row * channels;
#pragma omp simd
        for (std::int64_t c = 0; c < channels; ++c) {
          const Scalar sum = a[c] + shift[c];
          b[c] = sum < Scalar{0} ? Scalar{0} : sum;
        }
      }
    });
  });
}

/// to = out > 0 ? from : 0, and the sums of `to` over the rows.
template <class Scalar>
void vector_relu_backward_rows(const Scalar* out, const Scalar* from, Scalar* to, Scalar* total,
                               std::int64_t rows, std::int64_t channels) {
  sum_row_ranges(rows, channels, total, [=](std::int64_t begin, std::int64_t end, Scalar* sums) {
    run_vectorized([=]() INTERCHOICE_LOOP {
      for (std::int64_t row = begin; row < end; ++row) {
        const Scalar* a = out + row * channels;
        const Scalar* b = from + row * channels;
        Scalar* d = to + row * channels;
#pragma omp simd
        for (std::int64_t c = 0; c < channels; ++c) {
          const Scalar gradient = a[c] <= Scalar{0} ? Scalar{0} : b[c];
          d[c] = gradient;
          sums[c] += gradient;
        }
      }
    });
  });
}

struct VectorReluFunction : torch::autograd::Function<VectorReluFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& vector) {
    const at::Tensor v = vector.contiguous();
    at::Tensor y = at::empty_like(x);
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "vector_relu", [&] {
      vector_relu_rows(x.const_data_ptr<scalar_t>(), v.const_data_ptr<scalar_t>(),
                       y.mutable_data_ptr<scalar_t>(), x.numel() / x.size(1), x.size(1));
    });
    context->save_for_backward({y});
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    check_single_backward("vector_relu");
    const at::Tensor y = context->get_saved_variables()[0];
    const at::Tensor g = grads[0].contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor grad_x = at::empty_like(y);
    at::Tensor grad_vector = at::empty({y.size(1)}, y.options());
    AT_DISPATCH_FLOATING_TYPES(y.scalar_type(), "vector_relu_backward", [&] {
      vector_relu_backward_rows(y.const_data_ptr<scalar_t>(), g.const_data_ptr<scalar_t>(),
                                grad_x.mutable_data_ptr<scalar_t>(),
                                grad_vector.mutable_data_ptr<scalar_t>(), y.numel() / y.size(1),
                                y.size(1));
    });
    return {grad_x, grad_vector};
  }
};

}  // namespace detail

/// ReLU of a shifted input, in one pass forward and one backward.
///
///   y = max(0, x + vector)
///
/// *Shapes*: x [N, C, ...] or, with the channels last, [N, ..., C]; vector [C]. *Cost*: that of a
/// ReLU for images on the CPU in libtorch's channels-last memory format; two libtorch operators
/// elsewhere. First derivative only.
inline at::Tensor vector_relu(const at::Tensor& x, const at::Tensor& vector,
                              ChannelAxis axis = ChannelAxis::kSecond) {
  if (axis == ChannelAxis::kSecond && detail::has_row_major_pixels(x) &&
      detail::is_vector_of(vector, x)) {
    return detail::VectorReluFunction::apply(x, vector);
  }
  if (axis == ChannelAxis::kSecond && detail::device_kernels.take(x, vector)) {
    return detail::device_kernels.vector_relu(x, vector);
  }
  return at::relu(x + along_channels(vector, x, axis));
}

}  // namespace interchoice
