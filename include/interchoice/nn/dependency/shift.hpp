#pragma once

#include "interchoice/dependency/shift.hpp"
#include "interchoice/nn/dependency_state.hpp"
#include "interchoice/nn/norm_table.hpp"

namespace interchoice {

/// BN(h) -> BN(h) + B_c[pD, ..., p1]: a table for each candidate, `shift_table.<candidate>`.
template <std::size_t Depth, class Order>
struct dependency_state<shift<Depth, Order>> {
  dependency_state(torch::nn::Module& owner, const Site& site)
      : table(owner, "shift_table", site, Effect::kNormShift) {}

  NormAdjustment norm_adjustment(const Selection& selection) const {
    return {{}, table.row(selection)};
  }

  NormTable table;
};

}  // namespace interchoice
