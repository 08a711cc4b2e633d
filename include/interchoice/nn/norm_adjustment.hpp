#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ones_like.h>
#include <torch/nn/modules/batchnorm.h>

#include "interchoice/nn/normalised_values.hpp"

namespace interchoice {

/// What a policy changes about an operation's first BatchNorm: y -> scale * y + shift, after it and
/// before its activation.
///
/// Undefined tensors change nothing. *Shapes*: [C], C the channels of that BatchNorm.
struct NormAdjustment {
  at::Tensor scale;
  at::Tensor shift;

  bool defined() const { return scale.defined() || shift.defined(); }
};

/// scale * BN(x) + shift, as one BatchNorm with other affine parameters:
///
///   weight' = weight * scale,  bias' = bias * scale + shift
///
/// Without an adjustment it is `norm->forward(x)`, seen by `Recalibration::biased_average`.
/// Updates the running statistics as `norm->forward(x)` does. *Cost*: O(C) beside the BatchNorm.
inline at::Tensor adjusted_norm(torch::nn::BatchNorm2d& norm, const at::Tensor& x,
                                const NormAdjustment& adjustment = {}) {
  detail::NormalisedValues::note(norm->running_mean, x);
  if (!adjustment.defined()) return norm->forward(x);
  const auto combined = [](const at::Tensor& a, const at::Tensor& b, auto&& operation) {
    return !a.defined() ? b : !b.defined() ? a : operation(a, b);
  };
  const auto times = [](const at::Tensor& a, const at::Tensor& b) { return at::mul(a, b); };
  const auto plus = [](const at::Tensor& a, const at::Tensor& b) { return a.add(b); };
  at::Tensor weight = combined(norm->weight, adjustment.scale, times);
  const at::Tensor scaled_bias =
      norm->bias.defined() ? combined(norm->bias, adjustment.scale, times) : at::Tensor();
  const at::Tensor bias = combined(scaled_bias, adjustment.shift, plus);

  // On CUDA, BatchNorm with a bias only has no derivative of that bias.
  if (bias.defined() && !weight.defined()) weight = at::ones_like(bias);

  double momentum = norm->options.momentum().value_or(0);
  if (norm->is_training() && norm->num_batches_tracked.defined()) {
    norm->num_batches_tracked.add_(1);
    if (!norm->options.momentum()) {
      momentum = 1 / norm->num_batches_tracked.item<double>();  // cumulative average
    }
  }
  const bool use_batch = norm->is_training() || !norm->running_mean.defined();
  return at::batch_norm(x, weight, bias, norm->running_mean, norm->running_var, use_batch, momentum,
                        norm->options.eps(), /*cudnn_enabled=*/true);
}

}  // namespace interchoice
