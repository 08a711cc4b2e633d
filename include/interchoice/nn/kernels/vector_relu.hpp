#pragma once

#include <ATen/Dispatch.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/relu.h>
#include <c10/util/BFloat16.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstdint>
#include <type_traits>

#include "interchoice/nn/along_channels.hpp"
#include "interchoice/nn/kernels/bfloat16_rows.hpp"
#include "interchoice/nn/kernels/device_kernels.hpp"
#include "interchoice/nn/kernels/row_major.hpp"
#include "interchoice/nn/precision.hpp"

namespace interchoice {

namespace detail {

/// out = max(0, in + shift), rows of `channels`. Lets NaN through, as libtorch's ReLU does.
template <class Number>
void vector_relu_rows(const Number* in, const Number* shift, Number* out, std::int64_t rows,
                      std::int64_t channels) {
  run_vectorized([=]() INTERCHOICE_LOOP {
    for (std::int64_t row = 0; row < rows; ++row) {
      const Number* a = in + row * channels;
      Number* b = out + row * channels;
#pragma omp simd
      for (std::int64_t c = 0; c < channels; ++c) {
        const Number sum = a[c] + shift[c];
        b[c] = sum < Number{0} ? Number{0} : sum;
      }
    }
  });
}

/// to = out > 0 ? from : 0, and adds the sums of `to` over the rows to `sums`.
template <class Number>
void vector_relu_backward_rows(const Number* out, const Number* from, Number* to, Number* sums,
                               std::int64_t rows, std::int64_t channels) {
  run_vectorized([=]() INTERCHOICE_LOOP {
    for (std::int64_t row = 0; row < rows; ++row) {
      const Number* a = out + row * channels;
      const Number* b = from + row * channels;
      Number* d = to + row * channels;
#pragma omp simd
      for (std::int64_t c = 0; c < channels; ++c) {
        const Number gradient = a[c] <= Number{0} ? Number{0} : b[c];
        d[c] = gradient;
        sums[c] += gradient;
      }
    }
  });
}

/// to = out > 0 ? from : 0, for an `out` of the above, which is no negative number. No bfloat16
/// changes on its way, so that nothing needs to be widened.
inline void vector_relu_backward_values(const c10::BFloat16* out, const c10::BFloat16* from,
                                        c10::BFloat16* to, std::int64_t size) {
  run_without_products([=]() INTERCHOICE_LOOP {
#pragma omp simd
    for (std::int64_t i = 0; i < size; ++i) {
      const auto magnitude = static_cast<std::uint16_t>(out[i].x & 0x7fffU);
      const auto mask = static_cast<std::uint16_t>(magnitude == 0 ? 0 : 0xffffU);
      to[i].x = static_cast<std::uint16_t>(from[i].x & mask);
    }
  });
}

/// to = max(0, from); not-a-number stays one. No bfloat16 changes on its way.
inline void relu_values(const c10::BFloat16* from, c10::BFloat16* to, std::int64_t size) {
  run_without_products([=]() INTERCHOICE_LOOP {
#pragma omp simd
    for (std::int64_t i = 0; i < size; ++i) {
      const std::uint16_t bits = from[i].x;
      const bool stays = bits <= 0x8000U || bits > 0xff80U;  // -infinity is 0xff80
      to[i].x = static_cast<std::uint16_t>(stays ? bits : 0U);
    }
  });
}

struct VectorReluFunction : torch::autograd::Function<VectorReluFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& vector) {
    const at::Tensor v = vector.contiguous();
    at::Tensor y = at::empty_like(x);
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, x.scalar_type(), "vector_relu", [&] {
      run_forward(x.const_data_ptr<scalar_t>(), v.const_data_ptr<computed_t<scalar_t>>(),
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
    at::Tensor grad_vector = empty_vector_of(y);
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, y.scalar_type(), "vector_relu_backward", [&] {
      run_backward(y.const_data_ptr<scalar_t>(), g.const_data_ptr<scalar_t>(),
                   grad_x.mutable_data_ptr<scalar_t>(),
                   grad_vector.mutable_data_ptr<computed_t<scalar_t>>(), y.numel() / y.size(1),
                   y.size(1));
    });
    return {grad_x, grad_vector};
  }

 private:
  template <class Value>
  static void run_forward(const Value* in, const computed_t<Value>* shift, Value* out,
                          std::int64_t rows, std::int64_t channels) {
    for_row_ranges(rows, [=](std::int64_t begin, std::int64_t end) {
      const RowBlocks<Value> blocks(begin, end, channels);
      BlockBuffer<Value> x = blocks.buffer();
      BlockBuffer<Value> y = blocks.buffer();
      const VectorBeside<Value> vector(blocks, shift);
      blocks.for_each([&](std::int64_t at, std::int64_t size) {
        vector_relu_rows(x.read(in + at, size), vector.data(), y.target(out + at),
                         vector.rows(size), vector.channels(size));
        y.store(out + at, size);
      });
    });
  }

  template <class Value>
  static void run_backward(const Value* out, const Value* from, Value* to, computed_t<Value>* total,
                           std::int64_t rows, std::int64_t channels) {
    const auto task = [=](std::int64_t begin, std::int64_t end, computed_t<Value>* sums) {
      const RowBlocks<Value> blocks(begin, end, channels);
      SumsBeside<Value> beside(blocks, sums);
      BlockBuffer<Value> numbers = blocks.buffer();
      blocks.for_each([&](std::int64_t at, std::int64_t size) {
        if constexpr (std::is_same_v<Value, c10::BFloat16>) {
          vector_relu_backward_values(out + at, from + at, to + at, size);
          add_rows(numbers.read(to + at, size), beside.data(), beside.rows(size),
                   beside.channels(size));
        } else {
          vector_relu_backward_rows(out + at, from + at, to + at, beside.data(), beside.rows(size),
                                    beside.channels(size));
        }
      });
      beside.finish();
    };
    sum_row_ranges(rows, channels, total, task);
  }
};

}  // namespace detail

/// ReLU of a shifted input, in one pass forward and one backward.
///
///   y = max(0, x + vector)      an undefined vector is zero
///
/// Of bfloat16 x and a float vector the sum is float, rounded once; the vector's gradient is float.
/// *Shapes*: x [N, C, ...] or, with the channels last, [N, ..., C]; vector [C]. *Cost*: that of a
/// ReLU for images on the CPU in libtorch's channels-last memory format; two libtorch operators
/// elsewhere. First derivative only.
inline at::Tensor vector_relu(const at::Tensor& x, const at::Tensor& vector,
                              ChannelAxis axis = ChannelAxis::kSecond) {
  if (!vector.defined()) {
    // Libtorch's is as fast, but of bfloat16.
    if (x.scalar_type() != at::kBFloat16 || c10::GradMode::is_enabled() ||
        !detail::is_row_major(x)) {
      return at::relu(x);
    }
    at::Tensor y = at::empty_like(x);
    const c10::BFloat16* const from = x.const_data_ptr<c10::BFloat16>();
    c10::BFloat16* const to = y.mutable_data_ptr<c10::BFloat16>();
    detail::for_row_ranges(x.numel(), [=](std::int64_t begin, std::int64_t end) {
      detail::relu_values(from + begin, to + begin, end - begin);
    });
    return y;
  }
  if (axis == ChannelAxis::kSecond && detail::has_row_major_values(x) &&
      detail::is_vector_of(vector, x)) {
    return detail::VectorReluFunction::apply(x, vector);
  }
  if (axis == ChannelAxis::kSecond && detail::device_kernels.take(x, vector)) {
    return detail::device_kernels.vector_relu(x, vector);
  }
  return at::relu(detail::narrowed(x + along_channels(vector, x, axis), x));
}

}  // namespace interchoice
