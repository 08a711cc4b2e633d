#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <c10/core/GradMode.h>
#include <torch/nn/module.h>

#include <utility>
#include <vector>

#include "interchoice/nn/detail/kept_modes.hpp"
#include "interchoice/nn/detail/kept_state.hpp"
#include "interchoice/nn/device.hpp"

namespace interchoice::detail {

/// Gives a module back as it was when it ends: parameters, buffers, gradients, modes, and
/// libtorch's random numbers. Meanwhile no parameter has a gradient, so that whoever calls
/// `backward` adds to none. *Cost*: a copy of all weights.
class KeptNetwork {
 public:
  explicit KeptNetwork(torch::nn::Module& module) : random_({}, device_of(module)), modes_(module) {
    for (const at::Tensor& buffer : module.buffers()) keep(buffer);
    for (const at::Tensor& parameter : module.parameters()) {
      keep(parameter);
      gradients_.emplace_back(parameter, parameter.grad());
      parameter.mutable_grad() = at::Tensor();
    }
  }
  ~KeptNetwork() {
    const c10::NoGradGuard no_grad;
    for (const Kept& one : kept_) {
      one.now.set_data(one.memory);
      if (!at::equal(one.memory, one.values)) one.memory.copy_(one.values);
      one.now.set_requires_grad(one.requires_grad);
    }
    for (auto& [parameter, gradient] : gradients_) parameter.mutable_grad() = gradient;
  }
  KeptNetwork(const KeptNetwork&) = delete;
  KeptNetwork& operator=(const KeptNetwork&) = delete;

 private:
  struct Kept {
    at::Tensor now;     // the module's
    at::Tensor memory;  // what it referred to
    at::Tensor values;
    bool requires_grad;
  };

  void keep(const at::Tensor& tensor) {
    kept_.push_back(
        {tensor, tensor.variable_data(), tensor.detach().clone(), tensor.requires_grad()});
  }

  KeptState random_;  // with the generators alone: buffers may get other memory, too
  KeptModes modes_;
  std::vector<Kept> kept_;
  std::vector<std::pair<at::Tensor, at::Tensor>> gradients_;
};

}  // namespace interchoice::detail
