#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <string_view>

#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

/// The number of trainable parameters. *Cost*: none worth mentioning.
struct Parameters {
  static constexpr std::string_view name = "parameters";

  double operator()(const ScoredNetwork& network) const {
    std::int64_t count = 0;
    for (const at::Tensor& p : network.module().parameters()) {
      if (p.requires_grad()) count += p.numel();
    }
    return static_cast<double>(count);
  }
};

}  // namespace interchoice
