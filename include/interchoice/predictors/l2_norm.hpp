#pragma once

#include <c10/core/GradMode.h>

#include <string>
#include <string_view>

#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

/// The sum of the norms of all weights.
///
///     Σ_w ‖w‖₂        w the filters and matrices (`ScoredNetwork::weights`)
///
/// *Throws* c10::Error for a network without weights. *Cost*: one pass over the weights. *Source*:
/// Abdelfattah et al. 2021, as in NAS-Bench-Suite-Zero (Krishnakumar et al. 2022).
struct L2Norm {
  static constexpr std::string_view name = "l2_norm";

  double operator()(const ScoredNetwork& network) const {
    network.check_has_weights(std::string(name));
    const c10::NoGradGuard no_grad;
    double sum = 0;
    for (const at::Tensor& weight : network.weights()) sum += weight.norm().item<double>();
    return sum;
  }
};

}  // namespace interchoice
