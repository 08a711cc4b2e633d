#pragma once

#include <ATen/Dispatch.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstdint>
#include <span>
#include <vector>

#include "interchoice/nn/along_channels.hpp"
#include "interchoice/nn/deferred_bias.hpp"
#include "interchoice/nn/kernels/device_kernels.hpp"
#include "interchoice/nn/kernels/row_major.hpp"

namespace interchoice {

namespace detail {

/// y = x_1 + ... + x_n (+ vector), added from the left. A vector is the last of the list.
struct NodeSumFunction : torch::autograd::Function<NodeSumFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, at::TensorList terms,
                            bool has_vector) {
    const std::size_t values = terms.size() - (has_vector ? 1 : 0);
    context->saved_data["values"] = static_cast<std::int64_t>(values);
    context->saved_data["has_vector"] = has_vector;
    at::Tensor y = at::empty_like(terms[0]);
    const at::Tensor vector = has_vector ? terms.back().contiguous() : at::Tensor();
    AT_DISPATCH_FLOATING_TYPES(y.scalar_type(), "node_sum", [&] {
      std::vector<const scalar_t*> in;
      for (std::size_t i = 0; i < values; ++i) in.push_back(terms[i].const_data_ptr<scalar_t>());
      const scalar_t* shift = has_vector ? vector.const_data_ptr<scalar_t>() : nullptr;
      scalar_t* out = y.mutable_data_ptr<scalar_t>();
      for_row_ranges(y.numel() / y.size(1), [&](std::int64_t begin, std::int64_t end) {
        sum_rows(in, shift, out, y.size(1), begin, end);
      });
    });
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    const auto values = static_cast<std::size_t>(context->saved_data["values"].toInt());
    torch::autograd::variable_list result(values, grads[0]);
    if (context->saved_data["has_vector"].toBool()) result.push_back(sum_of_rows(grads[0]));
    result.emplace_back();  // for has_vector itself
    return result;
  }

 private:
  template <class Scalar>
  static void sum_rows(const std::vector<const Scalar*>& in, const Scalar* shift, Scalar* out,
                       std::int64_t channels, std::int64_t begin, std::int64_t end) {
    run_vectorized([&]() INTERCHOICE_LOOP {
      const Scalar* a = in[0];
      const Scalar* b = in.size() > 1 ? in[1] : nullptr;
      const Scalar* c = in.size() > 2 ? in[2] : nullptr;
      if (c != nullptr) {
#pragma omp simd
        for (std::int64_t i = begin * channels; i < end * channels; ++i)
          out[i] = a[i] + b[i] + c[i];
      } else if (b != nullptr) {
#pragma omp simd
        for (std::int64_t i = begin * channels; i < end * channels; ++i) out[i] = a[i] + b[i];
      } else {
#pragma omp simd
        for (std::int64_t i = begin * channels; i < end * channels; ++i) out[i] = a[i];
      }
      for (std::size_t k = 3; k < in.size(); ++k) {
        const Scalar* d = in[k];
#pragma omp simd
        for (std::int64_t i = begin * channels; i < end * channels; ++i) out[i] += d[i];
      }
      if (shift != nullptr) {
        for (std::int64_t row = begin; row < end; ++row) {
          Scalar* to = out + row * channels;
#pragma omp simd
          for (std::int64_t i = 0; i < channels; ++i) to[i] += shift[i];
        }
      }
    });
  }

  template <class Scalar>
  static void sum_channels(const Scalar* from, Scalar* total, std::int64_t rows,
                           std::int64_t channels) {
    sum_row_ranges(rows, channels, total, [=](std::int64_t begin, std::int64_t end, Scalar* sums) {
      run_vectorized([=]() INTERCHOICE_LOOP {
        for (std::int64_t row = begin; row < end; ++row) {
          const Scalar* a = from + row * channels;
#pragma omp simd
          for (std::int64_t c = 0; c < channels; ++c) sums[c] += a[c];
        }
      });
    });
  }

  static at::Tensor sum_of_rows(const at::Tensor& gradient) {
    if (!has_row_major_pixels(gradient)) return gradient.sum({0, 2, 3});
    check_single_backward("node_sum");
    at::Tensor total = at::empty({gradient.size(1)}, gradient.options());
    AT_DISPATCH_FLOATING_TYPES(gradient.scalar_type(), "node_sum_backward", [&] {
      sum_channels(gradient.const_data_ptr<scalar_t>(), total.mutable_data_ptr<scalar_t>(),
                   gradient.numel() / gradient.size(1), gradient.size(1));
    });
    return total;
  }
};

}  // namespace detail

/// The sum of what arrives at a node, with the vectors that came along.
///
///   y = sum_i value_i + sum_i vector_i      (values from the left, then the vectors)
///
/// Undefined values count as zero and cost nothing; a single value without a vector is returned as
/// it is; if all are undefined the result is zeros shaped as `like`. First derivative only where
/// there is a vector. *Throws* c10::Error for values of different shapes.
/// *Shapes*: values and `like` [N, C, ...] or, with the channels last, [N, ..., C]; vectors [C].
/// *Cost*: one pass over the values for images on the CPU in libtorch's channels-last memory
/// format, a libtorch addition for each term elsewhere.
inline at::Tensor node_sum(std::span<const DeferredBias> terms, const at::Tensor& like,
                           ChannelAxis axis = ChannelAxis::kSecond) {
  torch::autograd::variable_list list;
  at::Tensor vector;
  bool fused = axis == ChannelAxis::kSecond;
  for (const DeferredBias& term : terms) {
    if (!term.value.defined()) continue;
    if (term.vector.defined()) vector = vector.defined() ? vector + term.vector : term.vector;
    TORCH_CHECK(list.empty() || term.value.sizes() == list[0].sizes(),
                "interchoice: node_sum needs terms of one shape, got ", list[0].sizes(), " and ",
                term.value.sizes(), "; let every candidate return what its geometry says");
    fused = fused && detail::has_row_major_pixels(term.value) &&
            (list.empty() || term.value.scalar_type() == list[0].scalar_type());
    list.push_back(term.value);
  }
  if (list.empty()) return at::zeros_like(like);
  if (!vector.defined() && list.size() == 1) return list[0];
  if (!vector.defined() && list.size() == 2) return list[0] + list[1];
  if (fused && (!vector.defined() || detail::is_vector_of(vector, list[0]))) {
    const bool has_vector = vector.defined();
    if (has_vector) list.push_back(std::move(vector));
    // As a TensorList: libtorch finds no variables in a vector, and would cut the gradient off.
    return detail::NodeSumFunction::apply(at::TensorList(list), has_vector);
  }
  if (axis == ChannelAxis::kSecond && detail::device_kernels.take_all(list, vector)) {
    return detail::device_kernels.node_sum(list, vector);
  }
  at::Tensor sum = list[0];
  for (std::size_t i = 1; i < list.size(); ++i) sum = sum + list[i];
  return vector.defined() ? sum + along_channels(vector, sum, axis) : sum;
}

}  // namespace interchoice
