#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <c10/core/DeviceGuard.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "interchoice/nn/kernels/cuda/launcher.hpp"
#include "interchoice/nn/kernels/row_major.hpp"

/// The kernels as functions of CUDA tensors with a first derivative.
///
/// Images x are [N, C, H, W] in channels-last memory format, of float, double, bfloat16 or half;
/// the kernels compute short types in float. A row is a vector [C], or row `index` of a table [R,
/// C]: of `row_type(x)`, contiguous. The index, one int64 on the device, is read by the kernel, so
/// a captured graph is replayed with another row; its range is not checked. The gradient of a table
/// is zero but for that row.
namespace interchoice::cuda {

/// Type of the rows beside images, and of their gradients: float beside the short types.
inline at::ScalarType row_type(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

/// Whether the kernels take these images. Compiles them when first asked for a type.
inline bool has_kernels_for(const at::Tensor& x) {
  return x.is_cuda() && x.layout() == at::kStrided && x.dim() == 4 && x.numel() > 0 &&
         detail::scalar_text(x.scalar_type()) != nullptr &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         x.numel() / x.size(1) < std::numeric_limits<std::int32_t>::max() &&
         detail::loaded_kernels(x) != nullptr;
}

namespace detail {

using interchoice::detail::check_single_backward;
using OptionalTensor = std::optional<at::Tensor>;

inline OptionalTensor optional(const at::Tensor& x) {
  return x.defined() ? OptionalTensor(x) : std::nullopt;
}

inline void check_row(const at::Tensor& x, const at::Tensor& table, const at::Tensor& index) {
  if (!table.defined()) return;
  const std::int64_t dimensions = index.defined() ? 2 : 1;
  TORCH_CHECK(table.device() == x.device() && table.scalar_type() == row_type(x) &&
                  table.dim() == dimensions && table.size(-1) == x.size(1) && table.is_contiguous(),
              "interchoice: expected a contiguous ", row_type(x),
              index.defined() ? " table" : " vector", " of ", x.size(1), " channels on ",
              x.device(), ", got ", table.scalar_type(), " ", table.sizes(), " on ", table.device(),
              "; convert it before");
  TORCH_CHECK(!index.defined() || (index.device() == x.device() &&
                                   index.scalar_type() == at::kLong && index.numel() == 1),
              "interchoice: expected one int64 on ", x.device(), " as index, got ",
              index.scalar_type(), " ", index.sizes(), " on ", index.device());
}

inline Row row_of(const at::Tensor& table, const at::Tensor& index) {
  Row row;
  // Kernels only read it; the totals write to tensors of their own.
  if (table.defined()) row.table = const_cast<void*>(table.const_data_ptr());
  if (index.defined()) {
    row.index = reinterpret_cast<const long long*>(index.const_data_ptr<std::int64_t>());
  }
  return row;
}

/// What `backward` has to know of a row: whether there is one and how many rows its table has.
inline std::int64_t row_count(const at::Tensor& table, const at::Tensor& index) {
  return !table.defined() ? -1 : index.defined() ? table.size(0) : 0;
}

/// A gradient for a table that the totals write one row of; undefined for none.
inline at::Tensor row_gradient(const at::Tensor& x, std::int64_t rows) {
  const auto options = x.options().dtype(row_type(x));
  if (rows < 0) return {};
  return rows == 0 ? at::empty({x.size(1)}, options) : at::zeros({rows, x.size(1)}, options);
}

inline at::Tensor channels_last(const at::Tensor& gradient) {
  return gradient.contiguous(at::MemoryFormat::ChannelsLast);
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct ShiftedRelu : torch::autograd::Function<ShiftedRelu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const OptionalTensor& table, const OptionalTensor& index) {
    const c10::DeviceGuard guard(x.device());
    const at::Tensor rows = table.value_or(at::Tensor());
    const at::Tensor row = index.value_or(at::Tensor());
    at::Tensor y = at::empty_like(x);
    Launcher launcher(x);
    launcher.operands.in[0] = x.const_data_ptr();
    launcher.operands.out = y.mutable_data_ptr();
    launcher.operands.shift = row_of(rows, row);
    launcher.run(Kernel::kShiftedRelu);
    context->saved_data["rows"] = row_count(rows, row);
    context->save_for_backward({y, row});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    check_single_backward("vector_relu");
    const variable_list saved = context->get_saved_variables();
    const c10::DeviceGuard guard(saved[0].device());
    const at::Tensor g = channels_last(gradients[0]);
    at::Tensor x_gradient = at::empty_like(g);
    at::Tensor table_gradient = row_gradient(g, context->saved_data["rows"].toInt());
    Launcher launcher(g);
    launcher.operands.in[0] = saved[0].const_data_ptr();
    launcher.operands.in[1] = g.const_data_ptr();
    launcher.operands.out = x_gradient.mutable_data_ptr();
    launcher.run_with_sums(Kernel::kShiftedReluBackward, row_of(table_gradient, saved[1]));
    return {x_gradient, table_gradient, at::Tensor()};
  }
};

struct NodeSum : torch::autograd::Function<NodeSum> {
  static at::Tensor forward(AutogradContext* context, at::TensorList values,
                            const OptionalTensor& table, const OptionalTensor& index) {
    const c10::DeviceGuard guard(values[0].device());
    const at::Tensor rows = table.value_or(at::Tensor());
    const at::Tensor row = index.value_or(at::Tensor());
    at::Tensor y = at::empty_like(values[0]);
    Launcher launcher(y);
    for (std::size_t i = 0; i < values.size(); ++i) {
      launcher.operands.in[i] = values[i].const_data_ptr();
    }
    launcher.operands.terms = static_cast<unsigned>(values.size());
    launcher.operands.out = y.mutable_data_ptr();
    launcher.operands.shift = row_of(rows, row);
    launcher.run(Kernel::kNodeSum);
    context->saved_data["values"] = static_cast<std::int64_t>(values.size());
    context->saved_data["rows"] = row_count(rows, row);
    context->save_for_backward({row});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto values = static_cast<std::size_t>(context->saved_data["values"].toInt());
    const std::int64_t rows = context->saved_data["rows"].toInt();
    variable_list result(values, gradients[0]);
    at::Tensor table_gradient;
    if (rows >= 0) {
      check_single_backward("node_sum");
      const c10::DeviceGuard guard(gradients[0].device());
      const at::Tensor g = channels_last(gradients[0]);
      table_gradient = row_gradient(g, rows);
      Launcher launcher(g);
      launcher.operands.in[0] = g.const_data_ptr();
      launcher.run_with_sums(Kernel::kPixelSum,
                             row_of(table_gradient, context->get_saved_variables()[0]));
    }
    result.push_back(table_gradient);
    result.emplace_back();  // of the index
    return result;
  }
};

struct AveragePool : torch::autograd::Function<AveragePool> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const OptionalTensor& table, const OptionalTensor& index,
                            bool count_include_pad) {
    const c10::DeviceGuard guard(x.device());
    const at::Tensor rows = table.value_or(at::Tensor());
    const at::Tensor row = index.value_or(at::Tensor());
    at::Tensor y = at::empty_like(x);
    Launcher launcher(x);
    launcher.operands.in[0] = x.const_data_ptr();
    launcher.operands.out = y.mutable_data_ptr();
    launcher.operands.shift = row_of(rows, row);
    launcher.operands.count_include_pad = count_include_pad ? 1 : 0;
    launcher.run(Kernel::kAveragePool);
    context->saved_data["count_include_pad"] = count_include_pad;
    context->saved_data["rows"] = row_count(rows, row);
    context->save_for_backward({row});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    check_single_backward("average_pool3x3");
    const c10::DeviceGuard guard(gradients[0].device());
    const at::Tensor g = channels_last(gradients[0]);
    at::Tensor x_gradient = at::empty_like(g);
    at::Tensor table_gradient = row_gradient(g, context->saved_data["rows"].toInt());
    Launcher launcher(g);
    launcher.operands.in[0] = g.const_data_ptr();
    launcher.operands.out = x_gradient.mutable_data_ptr();
    launcher.operands.count_include_pad = context->saved_data["count_include_pad"].toBool() ? 1 : 0;
    launcher.run_with_sums(Kernel::kAveragePoolBackward,
                           row_of(table_gradient, context->get_saved_variables()[0]));
    return {x_gradient, table_gradient, at::Tensor(), at::Tensor()};
  }
};

struct ScaleShift : torch::autograd::Function<ScaleShift> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const OptionalTensor& scale, const OptionalTensor& shift,
                            const OptionalTensor& index) {
    const c10::DeviceGuard guard(x.device());
    const at::Tensor scales = scale.value_or(at::Tensor());
    const at::Tensor shifts = shift.value_or(at::Tensor());
    const at::Tensor row = index.value_or(at::Tensor());
    at::Tensor y = at::empty_like(x);
    Launcher launcher(x);
    launcher.operands.in[0] = x.const_data_ptr();
    launcher.operands.out = y.mutable_data_ptr();
    launcher.operands.scale = row_of(scales, row);
    launcher.operands.shift = row_of(shifts, row);
    launcher.run(Kernel::kScaleShift);
    context->saved_data["scales"] = row_count(scales, row);
    context->saved_data["shifts"] = row_count(shifts, row);
    context->save_for_backward({x, scales, row});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    check_single_backward("scale_shift");
    const variable_list saved = context->get_saved_variables();
    const c10::DeviceGuard guard(saved[0].device());
    const at::Tensor g = channels_last(gradients[0]);
    at::Tensor x_gradient = at::empty_like(g);
    at::Tensor scale_gradient = row_gradient(g, context->saved_data["scales"].toInt());
    at::Tensor shift_gradient = row_gradient(g, context->saved_data["shifts"].toInt());
    Launcher launcher(g);
    launcher.operands.in[0] = saved[0].const_data_ptr();
    launcher.operands.in[1] = g.const_data_ptr();
    launcher.operands.out = x_gradient.mutable_data_ptr();
    launcher.operands.scale = row_of(saved[1], saved[2]);
    launcher.run_with_sums(Kernel::kScaleShiftBackward, row_of(shift_gradient, saved[2]),
                           row_of(scale_gradient, saved[2]));
    return {x_gradient, scale_gradient, shift_gradient, at::Tensor()};
  }
};

}  // namespace detail

/// y = max(0, x + row); an undefined `table` is zero. Lets NaN through.
///
/// *Throws* c10::Error for a row or index of another shape, type or device. *Cost*: one pass
/// forward, one backward.
inline at::Tensor shifted_relu(const at::Tensor& x, const at::Tensor& table,
                               const at::Tensor& index = {}) {
  detail::check_row(x, table, index);
  return detail::ShiftedRelu::apply(x, detail::optional(table), detail::optional(index));
}

/// y = sum_i values_i + row, from the left, of at most `kMaxTerms` values of one shape and type.
///
/// *Throws* as `shifted_relu`. *Cost*: one pass forward; backward one for the row's gradient.
inline at::Tensor node_sum(at::TensorList values, const at::Tensor& table,
                           const at::Tensor& index = {}) {
  TORCH_CHECK(!values.empty() && values.size() <= kMaxTerms, "interchoice: expected 1 to ",
              kMaxTerms, " values, got ", values.size(), "; add them in parts");
  detail::check_row(values[0], table, index);
  return detail::NodeSum::apply(values, detail::optional(table), detail::optional(index));
}

/// y = pool3x3(x + row), stride 1, padding 1; the padding is not shifted (see `average_pool3x3`).
///
/// *Throws*, *Cost*: as `shifted_relu`.
inline at::Tensor average_pool(const at::Tensor& x, const at::Tensor& table, bool count_include_pad,
                               const at::Tensor& index = {}) {
  detail::check_row(x, table, index);
  return detail::AveragePool::apply(x, detail::optional(table), detail::optional(index),
                                    count_include_pad);
}

/// y = scale * x + shift, undefined 1 and 0; one index for both tables.
///
/// *Throws*, *Cost*: as `shifted_relu`.
inline at::Tensor scale_shift(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                              const at::Tensor& index = {}) {
  detail::check_row(x, scale, index);
  detail::check_row(x, shift, index);
  return detail::ScaleShift::apply(x, detail::optional(scale), detail::optional(shift),
                                   detail::optional(index));
}

}  // namespace interchoice::cuda
