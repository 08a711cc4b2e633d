#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>

#include <cstdint>
#include <string>
#include <vector>

namespace interchoice::detail {

/// A BatchNorm of one, two or three dimensions that keeps running statistics.
struct RunningNorm {
  std::string name;
  torch::nn::Module* module;
  torch::nn::BatchNormOptions* options;
  at::Tensor mean;
  at::Tensor variance;
  at::Tensor batches;  // how many it has seen

  /// Changes with every forward pass in training mode.
  std::int64_t version() const { return batches._version(); }
};

/// All of a network's, those inside split copies, too, in registration order.
inline std::vector<RunningNorm> running_norms(torch::nn::Module& network) {
  std::vector<RunningNorm> norms;
  const auto add = [&](const std::string& name, auto* norm) {
    if (norm == nullptr || !norm->num_batches_tracked.defined()) return;
    norms.push_back({name, norm, &norm->options, norm->running_mean, norm->running_var,
                     norm->num_batches_tracked});
  };
  for (const auto& module : network.named_modules()) {
    add(module.key(), module.value()->as<torch::nn::BatchNorm1dImpl>());
    add(module.key(), module.value()->as<torch::nn::BatchNorm2dImpl>());
    add(module.key(), module.value()->as<torch::nn::BatchNorm3dImpl>());
  }
  return norms;
}

}  // namespace interchoice::detail
