#pragma once

#include <string_view>

#include "interchoice/networks/measured_cost.hpp"
#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

/// The multiply-accumulates of one example, as `Cost` counts them, measured (`measured_macs`):
/// those of any network. *Cost*: a forward pass of one example.
struct Macs {
  static constexpr std::string_view name = "macs";

  double operator()(const ScoredNetwork& network) const {
    const at::Tensor example = network.batches().front().data.narrow(0, 0, 1);
    return static_cast<double>(measured_macs(network.module(), [&] { network.forward(example); }));
  }
};

}  // namespace interchoice
