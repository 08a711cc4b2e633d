#pragma once

#include <ATen/ops/zeros.h>

#include <cstdint>
#include <vector>

#include "interchoice/dependency/bias.hpp"
#include "interchoice/nn/dependency_state.hpp"

namespace interchoice {

/// y = op_c(x + B[pD, ..., p1, c]): one table a location, of shape [n_pD, ..., n_p1, n_c, C],
/// named `bias_table`; none where the location has no prior.
template <std::size_t Depth, class Order>
struct dependency_state<bias<Depth, Order>> {
  dependency_state(torch::nn::Module& owner, const Context& context, const Geometry& geometry) {
    if (context.depth() == 0) return;
    std::vector<std::int64_t> shape;
    for (std::size_t i = context.depth(); i-- > 0;) {
      shape.push_back(static_cast<std::int64_t>(context.prior(i).candidates));
    }
    shape.push_back(static_cast<std::int64_t>(context.candidates()));
    shape.push_back(geometry.channels);
    table = owner.register_parameter("bias_table", at::zeros(shape));
  }

  at::Tensor input_vector(const Selection& selection) const {
    if (!table.defined()) return {};
    return table.flatten(0, -2).select(0, static_cast<std::int64_t>(selection.row()));
  }

  at::Tensor table;
};

}  // namespace interchoice
