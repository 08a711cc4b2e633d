#pragma once

#include <ATen/core/Tensor.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/optimizer.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include <cstdint>
#include <memory>

namespace interchoice::detail {

/// Calls `visit(name, value)` for each member of a parameter's optimizer state: tensors, which may
/// be undefined, and counts of steps (std::int64_t). False if the state is of no known kind.
template <class Visit>
bool visit_optimizer_state(torch::optim::OptimizerParamState& state, const Visit& visit) {
  using namespace torch::optim;
  const auto visit_moments = [&](auto& moments) {
    visit("step", moments.step());
    visit("exp_avg", moments.exp_avg());
    visit("exp_avg_sq", moments.exp_avg_sq());
    visit("max_exp_avg_sq", moments.max_exp_avg_sq());
  };
  if (auto* sgd = dynamic_cast<SGDParamState*>(&state)) {
    visit("momentum_buffer", sgd->momentum_buffer());
  } else if (auto* adamw = dynamic_cast<AdamWParamState*>(&state)) {
    visit_moments(*adamw);
  } else if (auto* adam = dynamic_cast<AdamParamState*>(&state)) {
    visit_moments(*adam);
  } else if (auto* rmsprop = dynamic_cast<RMSpropParamState*>(&state)) {
    visit("step", rmsprop->step());
    visit("square_avg", rmsprop->square_avg());
    visit("momentum_buffer", rmsprop->momentum_buffer());
    visit("grad_avg", rmsprop->grad_avg());
  } else if (auto* adagrad = dynamic_cast<AdagradParamState*>(&state)) {
    visit("step", adagrad->step());
    visit("sum", adagrad->sum());
  } else {
    return false;
  }
  return true;
}

/// An empty state of the kind that an optimizer keeps for a parameter; null if it is not known.
inline std::unique_ptr<torch::optim::OptimizerParamState> empty_optimizer_state(
    const torch::optim::Optimizer& optimizer) {
  using namespace torch::optim;
  if (dynamic_cast<const SGD*>(&optimizer)) return std::make_unique<SGDParamState>();
  if (dynamic_cast<const AdamW*>(&optimizer)) return std::make_unique<AdamWParamState>();
  if (dynamic_cast<const Adam*>(&optimizer)) return std::make_unique<AdamParamState>();
  if (dynamic_cast<const RMSprop*>(&optimizer)) return std::make_unique<RMSpropParamState>();
  if (dynamic_cast<const Adagrad*>(&optimizer)) return std::make_unique<AdagradParamState>();
  return nullptr;
}

}  // namespace interchoice::detail
