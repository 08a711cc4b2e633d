#pragma once

#include <cstddef>

#include "interchoice/dependency/split.hpp"
#include "interchoice/nn/dependency_state.hpp"

namespace interchoice {

/// y = op_c^(p1, ..., pD)(x): all copies are taken at the split; copy 0 is what was there before.
template <std::size_t Epoch, std::size_t Depth, class Order>
struct dependency_state<split<Epoch, Depth, Order>> {
  dependency_state(torch::nn::Module&, const Site& site)
      : contexts_(site.context().context_count()) {}

  std::size_t copy(const Selection& selection) const { return is_split_ ? selection.context() : 0; }

  NewParameters begin_epoch(std::size_t epoch, CandidateBank& bank) {
    return epoch >= Epoch ? split(bank) : NewParameters();
  }
  NewParameters split(CandidateBank& bank) {
    is_split_ = true;
    return bank.grow_to(contexts_);
  }
  bool is_split() const { return is_split_; }

 private:
  std::size_t contexts_;
  bool is_split_ = false;
};

}  // namespace interchoice
