#pragma once

#include <string>
#include <string_view>

#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

/// How much the loss changes as all weights grow alike, in training mode.
///
///     Σ_i w_i ∂L/∂w_i        w the filters and matrices
///
/// *Throws* c10::Error for a network without weights. *Cost*: a forward and a backward pass, shared
/// with the other scores of these derivatives (snip, grad_norm, plain). *Source*: Mozer &
/// Smolensky 1989, for whole networks by Abdelfattah et al. 2021.
struct Plain {
  static constexpr std::string_view name = "plain";

  double operator()(ScoredNetwork& network) const {
    network.check_has_weights(std::string(name));
    return network.sum_over_weights(
        [](const at::Tensor& w, const at::Tensor& g) { return (w * g).sum(); });
  }
};

}  // namespace interchoice
