#pragma once

#include <string>
#include <string_view>

#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

/// The norms of the loss's derivatives, in training mode.
///
///     Σ_w ‖∂L/∂w‖₂        w the filters and matrices
///
/// *Throws* c10::Error for a network without weights. *Cost*: a forward and a backward pass, shared
/// with the other scores of these derivatives (snip, grad_norm, plain). *Source*: Abdelfattah et
/// al. 2021.
struct GradNorm {
  static constexpr std::string_view name = "grad_norm";

  double operator()(ScoredNetwork& network) const {
    network.check_has_weights(std::string(name));
    return network.sum_over_weights(
        [](const at::Tensor&, const at::Tensor& g) { return g.norm(); });
  }
};

}  // namespace interchoice
