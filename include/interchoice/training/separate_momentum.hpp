#pragma once

#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/optim/sgd.h>

#include <string>

#include "interchoice/training/grouped_sgd.hpp"
#include "interchoice/training/momentum_groups.hpp"
#include "interchoice/training/optimizer.hpp"

namespace interchoice {

/// Makes SGD with a momentum for each group of architectures (`GroupedSgd`), otherwise that of
/// `sgd`.
///
/// *Source*: Jeon et al., "Subnet-Aware Dynamic Supernet Training for Neural Architecture Search"
/// (CVPR 2025), "momentum separation"; their learning rates, which follow the architecture's
/// complexity, are not part of it.
struct SeparateMomentum {
  Sgd sgd = {};
  MomentumGroups groups = context_momentum;

  /// *Throws* c10::Error as the groups and `Sgd`.
  GroupedSgd operator()(const torch::nn::Module& network, double learning_rate = 0.025) const {
    const auto options = sgd.options(learning_rate);
    return GroupedSgd(detail::decay_groups(network, options, sgd.tables), options, groups, network);
  }
  std::string text() const {
    return groups.text().empty() ? ""
                                 : fmt::format("{}, momentum by {}", sgd.text(), groups.text());
  }
};

}  // namespace interchoice
