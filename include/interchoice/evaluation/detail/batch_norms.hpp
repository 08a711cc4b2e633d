#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace interchoice::detail {

/// A BatchNorm of one, two or three dimensions that keeps running statistics.
struct RunningNorm {
  std::string name;
  torch::nn::Module* module;
  torch::nn::BatchNormOptions* options;
  at::Tensor mean;
  at::Tensor variance;
  at::Tensor batches;  // how many it has seen; every forward pass in training mode changes it
};

/// All BatchNorms of a network, those inside split copies, too, in registration order.
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

/// Buffers that change together, with a copy of each: the three of a BatchNorm, or one other.
struct KeptBuffers {
  std::string name;
  bool is_of_norm;
  std::vector<at::Tensor> now;
  std::vector<at::Tensor> kept = {};

  /// A number that grows with every change by libtorch's operations.
  std::int64_t version() const {
    std::int64_t sum = 0;
    for (const at::Tensor& x : now) sum += x._version();
    return sum;
  }
  void restore() {
    const c10::NoGradGuard no_grad;
    for (std::size_t i = 0; i < now.size(); ++i) now[i].copy_(kept[i]);
  }
};

/// Copies all buffers of a network, each once.
inline std::vector<KeptBuffers> keep_buffers(torch::nn::Module& network) {
  std::vector<KeptBuffers> all;
  std::unordered_set<const void*> seen;
  const auto add = [&](KeptBuffers buffers) {
    if (!seen.insert(buffers.now.front().unsafeGetTensorImpl()).second) return;
    for (const at::Tensor& x : buffers.now) {
      seen.insert(x.unsafeGetTensorImpl());
      buffers.kept.push_back(x.detach().clone());
    }
    all.push_back(std::move(buffers));
  };
  for (const RunningNorm& norm : running_norms(network)) {
    add({norm.name, true, {norm.mean, norm.variance, norm.batches}});
  }
  for (const auto& buffer : network.named_buffers()) {
    add({buffer.key(), false, {buffer.value()}});
  }
  return all;
}

}  // namespace interchoice::detail
