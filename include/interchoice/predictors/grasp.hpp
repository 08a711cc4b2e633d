#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/nn/kernels/plain_operators.hpp"
#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

/// How much the weights serve the descent: the product of the Hessian with the gradient, in
/// training mode.
///
///     -Σ_i w_i (H g)_i        w the filters and matrices, g = ∂L/∂w, H = ∂²L/∂w²
///
/// By the second derivative of the loss along g; our own kernels, which have none, leave it to
/// libtorch's operators. *Throws* c10::Error for a network without weights, and libtorch's where an
/// operator has no second derivative. *Cost*: that of g, shared (see `Snip`), and a forward and two
/// backward passes. *Source*: Wang et al. 2020; the sign of Abdelfattah et al. 2021.
struct Grasp {
  static constexpr std::string_view name = "grasp";

  double operator()(ScoredNetwork& network) const {
    network.check_has_weights(std::string(name));
    network.module().train();
    const std::vector<at::Tensor>& weights = network.weights();
    const std::vector<at::Tensor>& direction = network.weight_gradients();
    const at::AutoGradMode gradients(true);
    const detail::PlainOperators plain;
    double score = 0;
    for (const Batch& batch : network.batches()) {
      const auto slopes = torch::autograd::grad({network.loss(batch)}, weights, /*grad_outputs=*/{},
                                                /*retain_graph=*/true, /*create_graph=*/true,
                                                /*allow_unused=*/true);
      at::Tensor along;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        if (!slopes[i].defined()) continue;
        const at::Tensor part = (direction[i] * slopes[i]).sum();
        along = along.defined() ? along + part : part;
      }
      if (!along.defined() || !along.requires_grad()) continue;  // a loss linear in all weights
      const auto bent = torch::autograd::grad({along}, weights, /*grad_outputs=*/{},
                                              /*retain_graph=*/std::nullopt,
                                              /*create_graph=*/false, /*allow_unused=*/true);
      const c10::NoGradGuard no_grad;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        if (!bent[i].defined()) continue;
        score -= network.share(batch) * (weights[i] * bent[i]).sum().item<double>();
      }
    }
    return score;
  }
};

}  // namespace interchoice
