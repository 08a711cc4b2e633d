#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/scalar_tensor.h>
#include <fmt/core.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/optimizer.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "interchoice/nn/detail/lazy_copy.hpp"
#include "interchoice/training/grouped_sgd.hpp"

namespace interchoice::detail {

using OptimizerState = torch::optim::OptimizerParamState;

/// The members of an optimizer's state for one parameter, by name; counts of steps as int64
/// scalars.
using StateTensors = std::map<std::string, at::Tensor>;

/// Calls `visit(name, member)` for each member of a parameter's state: tensors, which may be
/// undefined, and counts of steps. False if the state is of no known kind.
template <class Visit>
bool visit_optimizer_state(OptimizerState& state, const Visit& visit) {
  namespace optim = torch::optim;
  const auto visit_moments = [&](auto& moments) {
    visit("step", moments.step());
    visit("exp_avg", moments.exp_avg());
    visit("exp_avg_sq", moments.exp_avg_sq());
    visit("max_exp_avg_sq", moments.max_exp_avg_sq());
  };
  if (auto* grouped = dynamic_cast<GroupedMomentum*>(&state)) {
    for (std::size_t g = 0; g < grouped->momenta().size(); ++g) {
      visit(fmt::format("momentum_buffer_{}", g).c_str(), grouped->momenta()[g]);
    }
  } else if (auto* sgd = dynamic_cast<optim::SGDParamState*>(&state)) {
    visit("momentum_buffer", sgd->momentum_buffer());
  } else if (auto* adamw = dynamic_cast<optim::AdamWParamState*>(&state)) {
    visit_moments(*adamw);
  } else if (auto* adam = dynamic_cast<optim::AdamParamState*>(&state)) {
    visit_moments(*adam);
  } else if (auto* rmsprop = dynamic_cast<optim::RMSpropParamState*>(&state)) {
    visit("step", rmsprop->step());
    visit("square_avg", rmsprop->square_avg());
    visit("momentum_buffer", rmsprop->momentum_buffer());
    visit("grad_avg", rmsprop->grad_avg());
  } else if (auto* adagrad = dynamic_cast<optim::AdagradParamState*>(&state)) {
    visit("step", adagrad->step());
    visit("sum", adagrad->sum());
  } else {
    return false;
  }
  return true;
}

/// An empty state of the kind that an optimizer keeps for a parameter; null if it is not known.
inline std::unique_ptr<OptimizerState> empty_optimizer_state(
    const torch::optim::Optimizer& optimizer) {
  namespace optim = torch::optim;
  if (const auto* grouped = dynamic_cast<const GroupedSgd*>(&optimizer)) {
    return std::make_unique<GroupedMomentum>(grouped->group_count());
  }
  if (dynamic_cast<const optim::SGD*>(&optimizer)) return std::make_unique<optim::SGDParamState>();
  if (dynamic_cast<const optim::AdamW*>(&optimizer))
    return std::make_unique<optim::AdamWParamState>();
  if (dynamic_cast<const optim::Adam*>(&optimizer))
    return std::make_unique<optim::AdamParamState>();
  if (dynamic_cast<const optim::RMSprop*>(&optimizer))
    return std::make_unique<optim::RMSpropParamState>();
  if (dynamic_cast<const optim::Adagrad*>(&optimizer))
    return std::make_unique<optim::AdagradParamState>();
  return nullptr;
}

/// The state that an optimizer makes for each parameter in its constructor, and needs for one that
/// joins later: libtorch's Adagrad does. Null for the others, which make it at the first step.
inline std::unique_ptr<OptimizerState> first_state(const torch::optim::Optimizer& optimizer,
                                                   const at::Tensor& parameter) {
  namespace optim = torch::optim;
  if (!dynamic_cast<const optim::Adagrad*>(&optimizer)) return nullptr;
  const auto& options = static_cast<const optim::AdagradOptions&>(optimizer.defaults());
  auto state = std::make_unique<optim::AdagradParamState>();
  state->sum(at::full_like(parameter.detach(), options.initial_accumulator_value()));
  return state;
}

/// The state of a known optimizer for a parameter; empty before the parameter's first step.
inline StateTensors state_tensors(torch::optim::Optimizer& optimizer, const at::Tensor& parameter) {
  StateTensors tensors;
  const auto state = optimizer.state().find(parameter.unsafeGetTensorImpl());
  if (state == optimizer.state().end()) return tensors;
  visit_optimizer_state(*state->second, [&](const char* name, auto& member) {
    if constexpr (std::same_as<decltype(member), at::Tensor&>) {
      if (member.defined()) tensors.emplace(name, member);
    } else {
      tensors.emplace(name, at::scalar_tensor(member, at::TensorOptions(at::kLong)));
    }
  });
  return tensors;
}

/// A state of those members, which are copied; null if they are not the members of that optimizer's
/// state for that parameter, or the optimizer is not known.
inline std::unique_ptr<OptimizerState> optimizer_state(const torch::optim::Optimizer& optimizer,
                                                       const at::Tensor& parameter,
                                                       const StateTensors& tensors) {
  auto state = empty_optimizer_state(optimizer);
  if (state == nullptr) return state;
  std::size_t taken = 0;
  visit_optimizer_state(*state, [&](const char* name, auto& member) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) return;
    const at::Tensor& tensor = found->second;
    if constexpr (std::same_as<decltype(member), at::Tensor&>) {
      if (tensor.sizes() != parameter.sizes() || tensor.scalar_type() != parameter.scalar_type()) {
        return;
      }
      member = tensor.device() == parameter.device()
                   ? lazy_copy(tensor)
                   : tensor.to(parameter.device(), false, /*copy=*/true);
    } else {
      if (tensor.numel() != 1 || tensor.scalar_type() != at::kLong) return;
      member = tensor.item<std::int64_t>();
    }
    ++taken;
  });
  return taken == tensors.size() ? std::move(state) : nullptr;
}

}  // namespace interchoice::detail
