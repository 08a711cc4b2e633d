#pragma once

#include <ATen/TensorOperators.h>
#include <torch/nn/module.h>

#include <cstddef>

#include "interchoice/dependency/bias.hpp"
#include "interchoice/dependency/bias_residual.hpp"
#include "interchoice/dependency/bias_sum.hpp"
#include "interchoice/nn/dependency/bias.hpp"
#include "interchoice/nn/dependency/bias_sum.hpp"
#include "interchoice/nn/dependency_state.hpp"

namespace interchoice {

/// y = op_c(x + b_0[c] + b_1[p1] + ... + b_D[pD] + B[pD, ..., p1, c]): the tables of both policies,
/// `bias_table<i>` and `bias_table`.
template <std::size_t Depth, class Order>
struct dependency_state<bias_residual<Depth, Order>> {
  dependency_state(torch::nn::Module& owner, const Site& site)
      : sum(owner, site), residual(owner, site) {}

  at::Tensor input_vector(const Selection& selection) const {
    const at::Tensor additive = sum.input_vector(selection);
    return additive.defined() ? additive + residual.input_vector(selection) : additive;
  }

  dependency_state<bias_sum<Depth, Order>> sum;
  dependency_state<bias<Depth, Order>> residual;
};

}  // namespace interchoice
