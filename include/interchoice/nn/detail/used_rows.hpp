#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <set>

#include "interchoice/nn/detail/thread_scope.hpp"

namespace interchoice::detail {

/// While it lives, the rows of tables that this thread has read with a gradient to come: all else
/// of a table's gradient is zero.
class UsedRows : public ThreadScope<UsedRows> {
 public:
  static void note(const at::Tensor& table, std::int64_t row) {
    if (current() != nullptr) current()->rows_[table.unsafeGetTensorImpl()].insert(row);
  }

  /// Of a table; null for a tensor of which no row was read.
  const std::set<std::int64_t>* of(const at::Tensor& table) const {
    const auto found = rows_.find(table.unsafeGetTensorImpl());
    return found == rows_.end() ? nullptr : &found->second;
  }

 private:
  std::map<const void*, std::set<std::int64_t>> rows_{};
};

}  // namespace interchoice::detail
