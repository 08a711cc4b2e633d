#pragma once

#include <ATen/Dispatch.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "interchoice/nn/along_channels.hpp"
#include "interchoice/nn/deferred_bias.hpp"
#include "interchoice/nn/kernels/bfloat16_rows.hpp"
#include "interchoice/nn/kernels/device_kernels.hpp"
#include "interchoice/nn/kernels/row_major.hpp"
#include "interchoice/nn/precision.hpp"

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
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, y.scalar_type(), "node_sum", [&] {
      std::vector<const scalar_t*> in;
      for (std::size_t i = 0; i < values; ++i) in.push_back(terms[i].const_data_ptr<scalar_t>());
      run_forward(in, has_vector ? vector.const_data_ptr<computed_t<scalar_t>>() : nullptr,
                  y.mutable_data_ptr<scalar_t>(), y.numel() / y.size(1), y.size(1));
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
  template <class Value>
  static void run_forward(const std::vector<const Value*>& in, const computed_t<Value>* shift,
                          Value* out, std::int64_t rows, std::int64_t channels) {
    for_row_ranges(rows, [&](std::int64_t begin, std::int64_t end) {
      const RowBlocks<Value> blocks(begin, end, channels);
      std::vector<computed_t<Value>> sums;  // of more terms than one loop adds
      if (in.size() > 3) sums.resize(static_cast<std::size_t>(blocks.most_values()));
      const std::optional<VectorBeside<Value>> vector =
          shift != nullptr ? std::optional<VectorBeside<Value>>(std::in_place, blocks, shift)
                           : std::nullopt;
      blocks.for_each([&](std::int64_t at, std::int64_t size) {
        const auto finish = [&](const auto*... terms) {
          if (vector) {
            add(out + at, vector->data(), vector->rows(size), vector->channels(size), terms...);
          } else {
            add(out + at, nullptr, 1, size, terms...);
          }
        };
        const Value* const a = in[0] + at;
        const Value* const b = in.size() > 1 ? in[1] + at : a;
        const Value* const c = in.size() > 2 ? in[2] + at : a;
        if (in.size() == 1) return finish(a);
        if (in.size() == 2) return finish(a, b);
        if (in.size() == 3) return finish(a, b, c);
        add(sums.data(), nullptr, 1, size, a, b, c);
        for (std::size_t k = 3; k < in.size(); ++k) {
          add(sums.data(), nullptr, 1, size, sums.data(), in[k] + at);
        }
        finish(sums.data());
      });
    });
  }

  /// out = x_1 + ... (+ vector), rows of channels; a vector of null is none.
  template <class Result, class... Terms>
  static void add(Result* out, const computed_t<Result>* vector, std::int64_t rows,
                  std::int64_t channels, const Terms*... terms) {
    run_without_products([=]() INTERCHOICE_LOOP {
      for (std::int64_t row = 0; row < rows; ++row) {
        const std::int64_t first = row * channels;
        if (vector == nullptr) {
#pragma omp simd
          for (std::int64_t i = first; i < first + channels; ++i) {
            store_number((... + number(terms[i])), out[i]);
          }
        } else {
#pragma omp simd
          for (std::int64_t i = 0; i < channels; ++i) {
            store_number((... + number(terms[first + i])) + vector[i], out[first + i]);
          }
        }
      }
    });
  }

  template <class Value>
  static void sum_channels(const Value* from, computed_t<Value>* total, std::int64_t rows,
                           std::int64_t channels) {
    using Number = computed_t<Value>;
    sum_row_ranges(rows, channels, total, [=](std::int64_t begin, std::int64_t end, Number* sums) {
      const RowBlocks<Value> blocks(begin, end, channels);
      BlockBuffer<Value> buffer = blocks.buffer();
      SumsBeside<Value> beside(blocks, sums);
      blocks.for_each([&](std::int64_t at, std::int64_t size) {
        add_rows(buffer.read(from + at, size), beside.data(), beside.rows(size),
                 beside.channels(size));
      });
      beside.finish();
    });
  }

  // The gradient of a vector. One of bfloat16 images is float's, as the vector beside them was.
  static at::Tensor sum_of_rows(const at::Tensor& gradient) {
    if (!has_row_major_values(gradient)) {
      return gradient.sum({0, 2, 3}, false, empty_vector_of(gradient).scalar_type());
    }
    check_single_backward("node_sum");
    at::Tensor total = empty_vector_of(gradient);
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, gradient.scalar_type(), "node_sum_backward", [&] {
      sum_channels(gradient.const_data_ptr<scalar_t>(),
                   total.mutable_data_ptr<computed_t<scalar_t>>(),
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
/// it is; if all are undefined the result is zeros shaped as `like`. bfloat16 values and a float
/// vector are added as floats and rounded once; of values of several types the sum has the widest.
/// First derivative only where there is a vector. *Throws* c10::Error for values of different
/// shapes. *Shapes*: values and `like` [N, C, ...] or, with the channels last, [N, ..., C]; vectors
/// [C]. *Cost*: one pass over the values for images on the CPU in libtorch's channels-last memory
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
    fused = fused && detail::has_row_major_values(term.value) &&
            (list.empty() || term.value.scalar_type() == list[0].scalar_type());
    list.push_back(term.value);
  }
  if (list.empty()) return at::zeros_like(like);
  if (!vector.defined() && list.size() == 1) return list[0];
  // Libtorch's own addition of two is as fast, but of bfloat16.
  if (!vector.defined() && list.size() == 2 && list[0].scalar_type() != at::kBFloat16) {
    return list[0] + list[1];
  }
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
  return vector.defined() ? detail::narrowed(sum + along_channels(vector, sum, axis), sum) : sum;
}

}  // namespace interchoice
