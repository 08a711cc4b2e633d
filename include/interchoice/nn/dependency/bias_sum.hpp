#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "interchoice/dependency/bias_sum.hpp"
#include "interchoice/nn/dependency_state.hpp"
#include "interchoice/nn/kernels/table_row.hpp"

namespace interchoice {

/// y = op_c(x + b_0[c] + b_1[p1] + ... + b_D[pD]): tables [n_i, C], `bias_table<i>`; table 0, of
/// the own choice, has rows only for candidates that can show them.
template <std::size_t Depth, class Order>
struct dependency_state<bias_sum<Depth, Order>> {
  dependency_state(torch::nn::Module& owner, const Site& site) {
    const Context& context = site.context();
    std::int64_t rows = 0;
    for (std::size_t c = 0; c < context.candidates(); ++c) {
      own_rows_.push_back(site.observes(Effect::kInputShift, c) ? std::optional(rows++)
                                                                : std::nullopt);
    }
    if (context.depth() == 0 || rows == 0) return;
    const auto add_table = [&](std::int64_t candidates) {
      tables.push_back(owner.register_parameter("bias_table" + std::to_string(tables.size()),
                                                at::zeros({candidates, site.geometry().channels})));
    };
    add_table(rows);
    for (std::size_t i = 0; i < context.depth(); ++i) {
      add_table(static_cast<std::int64_t>(context.prior(i).candidates));
    }
  }

  at::Tensor input_vector(const Selection& selection) const {
    const auto& own_row = own_rows_[selection.candidate()];
    if (tables.empty() || !own_row) return {};
    at::Tensor sum = table_row(tables[0], *own_row);
    for (std::size_t i = 1; i < tables.size(); ++i) {
      sum = sum + table_row(tables[i], static_cast<std::int64_t>(selection.prior(i - 1)));
    }
    return sum;
  }

  std::vector<at::Tensor> tables;  ///< own choice, nearest prior, ..., farthest prior

 private:
  std::vector<std::optional<std::int64_t>> own_rows_;  // of each candidate that has one
};

}  // namespace interchoice
