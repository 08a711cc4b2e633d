#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

namespace interchoice::detail {

/// Gives a module the weights, buffers and modes of another that has all of its names, with their
/// types, devices and memory layouts.
inline void copy_state(const torch::nn::Module& from, torch::nn::Module& to) {
  const auto modules = from.named_modules();
  for (const auto& module : to.named_modules()) {  // parents first: train() is recursive
    module.value()->train(modules[module.key()]->is_training());
  }
  const auto parameters = from.named_parameters();
  for (auto& p : to.named_parameters()) {
    p.value().set_data(parameters[p.key()].detach().clone());
  }
  const auto buffers = from.named_buffers();
  for (auto& b : to.named_buffers()) b.value().set_data(buffers[b.key()].detach().clone());
}

}  // namespace interchoice::detail
