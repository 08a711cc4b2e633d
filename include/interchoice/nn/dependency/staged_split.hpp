#pragma once

#include <torch/nn/module.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "interchoice/dependency/staged_split.hpp"
#include "interchoice/nn/candidate_bank.hpp"
#include "interchoice/nn/dependency_state.hpp"

namespace interchoice {

/// y = op_c^(p1, ..., ps)(x) after s stages. The nearest prior counts fastest in a context, so that
/// the context of fewer priors is a remainder: copy k of a stage starts as k % n, where n is the
/// number of copies before it.
template <std::size_t Depth, class Order>
struct dependency_state<staged_split<Depth, Order>> {
  dependency_state(torch::nn::Module&, const Site& site) {
    const Context& context = site.context();
    for (std::size_t i = 0; i < context.depth(); ++i) {
      copies_.push_back(copies_.back() * context.prior(i).candidates);
    }
  }

  std::size_t copy(const Selection& selection) const { return selection.context() % copies(); }

  NewParameters split(CandidateBank& bank) {
    if (stage_ < Depth) ++stage_;
    return bank.grow_to(copies());
  }
  /// Whether a stage has happened.
  bool is_split() const { return stage_ > 0; }

 private:
  std::size_t copies() const { return copies_[std::min(stage_, copies_.size() - 1)]; }

  std::vector<std::size_t> copies_{1};  // after each stage
  std::size_t stage_ = 0;
};

}  // namespace interchoice
