#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <torch/optim/optimizer.h>

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>

#include "interchoice/nn/detail/lazy_copy.hpp"
#include "interchoice/nn/new_parameters.hpp"
#include "interchoice/training/detail/optimizer_state.hpp"
#include "interchoice/training/part.hpp"

namespace interchoice {

/// Gives the copy of a split its momentum: the optimizer's state for `copy.parameter`, given that
/// for `copy.source`. Called when the copy has joined the optimizer and has its gradient.
/// `copied_momentum`, `fresh_momentum`, or any callable of these parameters.
using CopyMomentum = Part<void(torch::optim::Optimizer&, const NewParameter& copy)>;

/// Each copy has a copy of its source's momentum, whichever optimizer keeps it, and moves on as its
/// source does. The default.
///
/// *Throws* c10::Error for the state of an optimizer that is none of libtorch's SGD, Adam, AdamW,
/// RMSprop and Adagrad.
struct CopiedMomentum {
  void operator()(torch::optim::Optimizer& optimizer, const NewParameter& copy) const {
    auto& states = optimizer.state();
    if (states.find(copy.source.unsafeGetTensorImpl()) == states.end()) return;
    const detail::StateTensors tensors = detail::state_tensors(optimizer, copy.source);
    auto state = detail::optimizer_state(optimizer, copy.parameter, tensors);
    TORCH_CHECK(state != nullptr && !tensors.empty(),
                "interchoice: copied_momentum does not know this optimizer's state; use "
                "fresh_momentum, or a callable of your own (training/copy_momentum.hpp)");
    states[copy.parameter.unsafeGetTensorImpl()] = std::move(state);
  }
  std::string text() const { return "copied"; }
};
/// The default of `PathStepOptions::copies`.
inline constexpr CopiedMomentum copied_momentum{};

/// Each copy begins without momentum, as any new parameter does.
struct FreshMomentum {
  void operator()(torch::optim::Optimizer& optimizer, const NewParameter& copy) const {
    if (auto state = detail::first_state(optimizer, copy.parameter)) {
      optimizer.state()[copy.parameter.unsafeGetTensorImpl()] = std::move(state);
    }
  }
  std::string text() const { return "fresh"; }
};
/// For optimizers whose state `copied_momentum` does not know, too.
inline constexpr FreshMomentum fresh_momentum{};

/// Lets an optimizer train parameters that a split added: each joins its source's group, and starts
/// with a copy of the source's gradient and with the momentum that `momentum` gives it.
///
/// Copies of parameters that the optimizer does not train stay untrained; what it trains already is
/// left alone.
inline void add_new_parameters(torch::optim::Optimizer& optimizer, const NewParameters& added,
                               const CopyMomentum& momentum = copied_momentum) {
  std::unordered_map<const void*, std::size_t> group_of;
  auto& groups = optimizer.param_groups();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const at::Tensor& p : groups[g].params()) group_of.emplace(p.unsafeGetTensorImpl(), g);
  }
  for (const NewParameter& copy : added) {
    const auto source_group = group_of.find(copy.source.unsafeGetTensorImpl());
    if (source_group == group_of.end()) continue;
    const std::size_t g = source_group->second;
    if (!group_of.emplace(copy.parameter.unsafeGetTensorImpl(), g).second) continue;
    groups[g].params().push_back(copy.parameter);
    if (copy.source.grad().defined())
      copy.parameter.mutable_grad() = detail::lazy_copy(copy.source.grad());
    momentum(optimizer, copy);
  }
}

}  // namespace interchoice
