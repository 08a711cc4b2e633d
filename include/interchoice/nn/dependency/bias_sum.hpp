#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "interchoice/dependency/bias_sum.hpp"
#include "interchoice/nn/dependency_state.hpp"

namespace interchoice {

/// y = op_c(x + b_0[c] + b_1[p1] + ... + b_D[pD]): tables [n_i, C], `bias_table<i>`, 0 the own one.
template <std::size_t Depth, class Order>
struct dependency_state<bias_sum<Depth, Order>> {
  dependency_state(torch::nn::Module& owner, const Site& site) {
    const Context& context = site.context();
    for (std::size_t c = 0; c < context.candidates(); ++c) {
      observed_.push_back(site.observes(Effect::kInputShift, c));
    }
    if (context.depth() == 0 || !site.observes(Effect::kInputShift)) return;
    const auto add_table = [&](std::size_t candidates) {
      tables.push_back(owner.register_parameter(
          "bias_table" + std::to_string(tables.size()),
          at::zeros({static_cast<std::int64_t>(candidates), site.geometry().channels})));
    };
    add_table(context.candidates());
    for (std::size_t i = 0; i < context.depth(); ++i) add_table(context.prior(i).candidates);
  }

  at::Tensor input_vector(const Selection& selection) const {
    if (tables.empty() || !observed_[selection.candidate()]) return {};
    at::Tensor sum = tables[0].select(0, static_cast<std::int64_t>(selection.candidate()));
    for (std::size_t i = 1; i < tables.size(); ++i) {
      sum = sum + tables[i].select(0, static_cast<std::int64_t>(selection.prior(i - 1)));
    }
    return sum;
  }

  std::vector<at::Tensor> tables;  // own choice, nearest prior, ..., farthest prior

 private:
  std::vector<bool> observed_;  // of each candidate
};

}  // namespace interchoice
