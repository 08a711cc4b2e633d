#pragma once

#include "interchoice/dependency/scale.hpp"
#include "interchoice/nn/dependency_state.hpp"
#include "interchoice/nn/dependent_table.hpp"

namespace interchoice {

/// y = op_c(x * S[pD, ..., p1, c]): one table a location, named `scale_table`.
template <std::size_t Depth, class Order>
struct dependency_state<scale<Depth, Order>> {
  dependency_state(torch::nn::Module& owner, const Site& site)
      : table(owner, "scale_table", site, Effect::kInputScale, 1) {}

  at::Tensor input_scale(const Selection& selection) const { return table.row(selection); }

  DependentTable table;
};

}  // namespace interchoice
