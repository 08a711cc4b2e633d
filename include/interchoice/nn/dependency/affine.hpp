#pragma once

#include "interchoice/dependency/affine.hpp"
#include "interchoice/nn/dependency_state.hpp"
#include "interchoice/nn/norm_table.hpp"

namespace interchoice {

/// BN(h) -> (1 + G_c[pD, ..., p1]) * BN(h) + B_c[pD, ..., p1]: tables `gain_table.NAME` and
/// `shift_table.NAME` of each candidate.
template <std::size_t Depth, class Order>
struct dependency_state<affine<Depth, Order>> {
  dependency_state(torch::nn::Module& owner, const Site& site)
      : gains(owner, "gain_table", site, Effect::kNormScale),
        shifts(owner, "shift_table", site, Effect::kNormShift) {}

  NormAdjustment norm_adjustment(const Selection& selection) const {
    const at::Tensor gain = gains.row(selection);
    return {gain.defined() ? gain.add(1) : gain, shifts.row(selection)};
  }

  NormTable gains;
  NormTable shifts;
};

}  // namespace interchoice
