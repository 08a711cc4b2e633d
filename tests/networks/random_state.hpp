#pragma once

// Weights that leave nothing at a value that could hide a mistake (zero tables, unit statistics).

#include <ATen/Functions.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <string>

namespace interchoice::testing {

/// Draws every parameter from N(0, 0.3^2) (norm scales around 1) and every BatchNorm statistic.
inline void randomise(torch::nn::Module& network, std::uint64_t seed) {
  const c10::AutoGradMode no_grad(false);
  at::manual_seed(seed);
  for (auto& p : network.named_parameters()) {
    p.value().normal_(0, 0.3);
    if (p.key().ends_with("norm.weight")) p.value().add_(1);
  }
  for (auto& b : network.named_buffers()) {
    if (b.key().ends_with("running_mean")) b.value().normal_(0, 0.2);
    if (b.key().ends_with("running_var")) b.value().uniform_(0.5, 1.5);
  }
}

}  // namespace interchoice::testing
