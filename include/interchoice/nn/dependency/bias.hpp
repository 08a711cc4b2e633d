#pragma once

#include "interchoice/dependency/bias.hpp"
#include "interchoice/nn/dependency_state.hpp"
#include "interchoice/nn/dependent_table.hpp"

namespace interchoice {

/// y = op_c(x + B[pD, ..., p1, c]): one table a location, named `bias_table`.
template <std::size_t Depth, class Order>
struct dependency_state<bias<Depth, Order>> {
  dependency_state(torch::nn::Module& owner, const Site& site)
      : table(owner, "bias_table", site, Effect::kInputShift, 0) {}

  at::Tensor input_vector(const Selection& selection) const { return table.row(selection); }

  DependentTable table;
};

}  // namespace interchoice
