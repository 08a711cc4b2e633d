#pragma once

#include <torch/nn/module.h>

namespace interchoice {

/// Where a network's parameters are; the CPU if it has none.
inline at::Device device_of(const torch::nn::Module& network) {
  const auto parameters = network.parameters();
  return parameters.empty() ? at::Device(at::kCPU) : parameters.front().device();
}

}  // namespace interchoice
