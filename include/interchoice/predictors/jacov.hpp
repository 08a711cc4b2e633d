#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/corrcoef.h>
#include <ATen/ops/linalg_eigvalsh.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/module.h>

#include <limits>
#include <string_view>

#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

/// How differently the examples pull at the network: the correlations of the derivatives by the
/// inputs, in training mode.
///
///     -Σ_i log(σ_i + k) + 1 / (σ_i + k)
///
/// with σ the eigenvalues of the correlations of J_n = ∂ Σ_c y_c / ∂ x_n over the examples n, and
/// k = 1e-5; the mean over the batches. -infinity where one's derivatives are all equal, as in a
/// network through which nothing flows. *Throws* c10::Error where inputs are whole numbers (tokens
/// by number). *Cost*: a forward and a backward pass. *Source*: Mellor et al. 2020 (the first
/// version of NASWOT), as in NAS-Bench-Suite-Zero.
struct Jacov {
  static constexpr std::string_view name = "jacov";

  double operator()(ScoredNetwork& network) const {
    network.module().train();
    const at::AutoGradMode gradients(true);
    double score = 0;
    for (const Batch& batch : network.batches()) {
      TORCH_CHECK(
          batch.data.is_floating_point(),
          "interchoice: jacov needs derivatives by the inputs, which are whole numbers here; "
          "leave the score out");
      const at::Tensor x = batch.data.detach().clone().requires_grad_();
      const at::Tensor y = network.forward(x).sum();
      const at::Tensor slopes = torch::autograd::grad({y}, {x}, /*grad_outputs=*/{},
                                                      /*retain_graph=*/std::nullopt,
                                                      /*create_graph=*/false,
                                                      /*allow_unused=*/true)
                                    .front();
      if (!slopes.defined()) return -std::numeric_limits<double>::infinity();
      score += network.share(batch) * of(slopes);
    }
    return score;
  }

 private:
  static double of(const at::Tensor& slopes) {
    const at::Tensor correlations =
        at::corrcoef(slopes.flatten(1).to(at::kDouble)).cpu();  // [N, N]
    if (!correlations.isfinite().all().item<bool>()) {
      return -std::numeric_limits<double>::infinity();
    }
    constexpr double k = 1e-5;
    const at::Tensor shifted = at::linalg_eigvalsh(correlations) + k;
    return -(shifted.log() + shifted.reciprocal()).sum().item<double>();
  }
};

}  // namespace interchoice
