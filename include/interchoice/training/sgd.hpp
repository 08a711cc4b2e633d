#pragma once

#include <torch/nn/module.h>
#include <torch/optim/sgd.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/nn/growth.hpp"

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

/// Lets SGD train parameters that a split added: each joins its source's group and starts with a
/// copy of the source's gradient and momentum, so that a copy moves on as the source does.
///
/// Copies of parameters that SGD does not train stay untrained; what it trains already is left
/// alone.
inline void add_grown(torch::optim::SGD& sgd, const GrownParameters& grown) {
  std::unordered_map<const void*, std::size_t> group_of;
  auto& groups = sgd.param_groups();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const at::Tensor& p : groups[g].params()) group_of.emplace(p.unsafeGetTensorImpl(), g);
  }
  for (const GrownParameter& copy : grown) {
    const auto source_group = group_of.find(copy.source.unsafeGetTensorImpl());
    if (source_group == group_of.end()) continue;
    const std::size_t g = source_group->second;
    if (!group_of.emplace(copy.parameter.unsafeGetTensorImpl(), g).second) continue;
    groups[g].params().push_back(copy.parameter);
    if (copy.source.grad().defined()) copy.parameter.mutable_grad() = copy.source.grad().clone();
    const auto state = sgd.state().find(copy.source.unsafeGetTensorImpl());
    if (state == sgd.state().end()) continue;
    auto copied = std::make_unique<torch::optim::SGDParamState>();
    const auto& from = static_cast<const torch::optim::SGDParamState&>(*state->second);
    if (from.momentum_buffer().defined()) copied->momentum_buffer(from.momentum_buffer().clone());
    sgd.state()[copy.parameter.unsafeGetTensorImpl()] = std::move(copied);
  }
}

}  // namespace interchoice
