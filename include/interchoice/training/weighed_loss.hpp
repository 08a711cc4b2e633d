#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <utility>

namespace interchoice {

/// The loss of a part of a path's batch, a scalar, and what it counts: the part's examples over
/// those of the whole batch, so that the weights of all parts add up to 1. Without a weight all
/// parts count alike.
struct WeighedLoss {
  WeighedLoss(at::Tensor value, std::optional<double> share = {})  // NOLINT(google-explicit-*)
      : loss(std::move(value)), weight(share) {}

  at::Tensor loss;
  std::optional<double> weight;
};

}  // namespace interchoice
