#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

namespace interchoice::detail {

inline at::Tensor plain_copy(const at::Tensor& tensor) { return tensor.detach().clone(); }

/// Gives a module the weights, buffers and modes of another that has all of its names, with their
/// types, devices and memory layouts; copied by `copy(tensor)`.
inline void copy_state(const torch::nn::Module& from, torch::nn::Module& to,
                       at::Tensor (*copy)(const at::Tensor&) = plain_copy) {
  const auto modules = from.named_modules();
  for (const auto& module : to.named_modules()) {  // parents first: train() is recursive
    module.value()->train(modules[module.key()]->is_training());
  }
  const auto parameters = from.named_parameters();
  for (auto& p : to.named_parameters()) p.value().set_data(copy(parameters[p.key()]));
  const auto buffers = from.named_buffers();
  for (auto& b : to.named_buffers()) b.value().set_data(copy(buffers[b.key()]));
}

}  // namespace interchoice::detail
