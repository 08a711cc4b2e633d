#pragma once

#include <ATen/ops/zeros_like.h>
#include <torch/nn/module.h>
#include <torch/optim/sgd.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/nn/new_parameters.hpp"
#include "interchoice/training/copy_momentum.hpp"

namespace interchoice {

/// SGD with momentum and weight decay.
struct SgdOptions {
  double momentum = 0.9;
  double weight_decay = 3e-4;
};

/// Whether weight decay applies to a parameter: not to 1-D parameters (BatchNorm) nor to any
/// `.bias`; to everything else, bias tables included.
///
/// *Source*: the reference; paper Table 5.
inline bool is_decayed(std::string_view name, const at::Tensor& parameter) {
  return parameter.dim() > 1 && !name.ends_with(".bias") && name != "bias";
}

/// libtorch's SGD over a network, in two groups: with weight decay and without.
inline torch::optim::SGD make_sgd(const torch::nn::Module& network, const SgdOptions& options) {
  std::vector<at::Tensor> decayed;
  std::vector<at::Tensor> plain;
  for (const auto& parameter : network.named_parameters()) {
    (is_decayed(parameter.key(), parameter.value()) ? decayed : plain).push_back(parameter.value());
  }
  const auto group = [&](std::vector<at::Tensor> parameters, double weight_decay) {
    return torch::optim::OptimizerParamGroup(
        std::move(parameters),
        std::make_unique<torch::optim::SGDOptions>(
            torch::optim::SGDOptions(0).momentum(options.momentum).weight_decay(weight_decay)));
  };
  return torch::optim::SGD(
      {group(std::move(decayed), options.weight_decay), group(std::move(plain), 0)},
      torch::optim::SGDOptions(0));
}

/// Sets the learning rate of all groups.
inline void set_learning_rate(torch::optim::SGD& sgd, double learning_rate) {
  for (auto& group : sgd.param_groups()) group.options().set_lr(learning_rate);
}

namespace detail {

// A parameter's momentum; undefined before its first step.
inline at::Tensor momentum_of(torch::optim::SGD& sgd, const at::Tensor& parameter) {
  const auto state = sgd.state().find(parameter.unsafeGetTensorImpl());
  if (state == sgd.state().end()) return {};
  return static_cast<const torch::optim::SGDParamState&>(*state->second).momentum_buffer();
}

inline void set_momentum(torch::optim::SGD& sgd, const at::Tensor& parameter, at::Tensor momentum) {
  auto state = std::make_unique<torch::optim::SGDParamState>();
  state->momentum_buffer(std::move(momentum));
  sgd.state()[parameter.unsafeGetTensorImpl()] = std::move(state);
}

}  // namespace detail

/// Lets SGD train parameters that a split added: each joins its source's group, and starts with a
/// copy of the source's gradient and with the momentum that `momentum` says.
///
/// Where a momentum is to be shared and the source has none yet, all share a zero one. A shared
/// momentum goes without the copy of the gradient: no two that share it may have one.
///
/// Copies of parameters that SGD does not train stay untrained; what it trains already is left
/// alone.
inline void add_new_parameters(torch::optim::SGD& sgd, const NewParameters& added,
                               CopyMomentum momentum = CopyMomentum::kCopied) {
  std::unordered_map<const void*, std::size_t> group_of;
  auto& groups = sgd.param_groups();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const at::Tensor& p : groups[g].params()) group_of.emplace(p.unsafeGetTensorImpl(), g);
  }
  for (const NewParameter& copy : added) {
    const auto source_group = group_of.find(copy.source.unsafeGetTensorImpl());
    if (source_group == group_of.end()) continue;
    const std::size_t g = source_group->second;
    if (!group_of.emplace(copy.parameter.unsafeGetTensorImpl(), g).second) continue;
    groups[g].params().push_back(copy.parameter);
    const bool shares = momentum == CopyMomentum::kShared;
    if (!shares && copy.source.grad().defined()) {
      copy.parameter.mutable_grad() = copy.source.grad().clone();
    }
    at::Tensor of_source = detail::momentum_of(sgd, copy.source);
    if (shares && !of_source.defined()) {
      of_source = at::zeros_like(copy.source);
      detail::set_momentum(sgd, copy.source, of_source);
    }
    if (momentum == CopyMomentum::kFresh || !of_source.defined()) continue;
    detail::set_momentum(sgd, copy.parameter, shares ? of_source : of_source.clone());
  }
}

}  // namespace interchoice
