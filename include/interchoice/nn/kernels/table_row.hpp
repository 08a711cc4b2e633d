#pragma once

#include <ATen/EmptyTensor.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/select_backward.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "interchoice/nn/detail/used_rows.hpp"

namespace interchoice {

namespace detail {

/// A row as a tensor on the table's memory. Made without an operator: a path reads dozens of rows,
/// each of a few numbers.
inline at::Tensor alias_of_row(const at::Tensor& table, std::int64_t row) {
  const std::int64_t width = table.size(-1);
  at::Tensor alias = at::detail::make_tensor<c10::TensorImpl>(c10::Storage(table.storage()),
                                                              table.key_set(), table.dtype());
  alias.unsafeGetTensorImpl()->set_storage_offset(table.storage_offset() + row * width);
  alias.unsafeGetTensorImpl()->set_sizes_contiguous({width});
  return alias;
}

struct TableRowFunction : torch::autograd::Function<TableRowFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& table,
                            std::int64_t row) {
    context->saved_data["row"] = row;
    context->saved_data["sizes"] = table.sizes();
    return alias_of_row(table, row);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    const std::int64_t row = context->saved_data["row"].toInt();
    const auto sizes = context->saved_data["sizes"].toIntVector();
    const at::Tensor& gradient = grads[0];
    if (c10::GradMode::is_enabled() || !gradient.is_cpu()) {
      std::int64_t rows = 1;
      for (std::size_t i = 0; i + 1 < sizes.size(); ++i) rows *= sizes[i];
      return {at::select_backward(gradient, {rows, sizes.back()}, 0, row).reshape(sizes), {}};
    }
    at::Tensor whole = at::detail::empty_cpu(sizes, gradient.options());
    std::memset(whole.mutable_data_ptr(), 0, whole.nbytes());
    const at::Tensor values = gradient.contiguous();
    std::memcpy(static_cast<char*>(whole.mutable_data_ptr()) +
                    static_cast<std::size_t>(row) * values.nbytes(),
                values.const_data_ptr(), values.nbytes());
    return {std::move(whole), {}};
  }
};

}  // namespace detail

/// One row [C] of a table [..., C], counted over all axes but the last; not a copy.
///
///   y = table[row]
///
/// *Cost*: no operator of libtorch's forward; backward a tensor of the table's size.
inline at::Tensor table_row(const at::Tensor& table, std::int64_t row) {
  if (!table.is_contiguous()) return table.flatten(0, -2).select(0, row);
  if (!c10::GradMode::is_enabled() || !table.requires_grad()) {
    return detail::alias_of_row(table, row);
  }
  detail::UsedRows::note(table, row);
  return detail::TableRowFunction::apply(table, row);
}

}  // namespace interchoice
