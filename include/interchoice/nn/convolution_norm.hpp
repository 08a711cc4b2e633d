#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <torch/enum.h>
#include <torch/nn/functional/conv.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <variant>

#include "interchoice/nn/fold_batch_norm.hpp"
#include "interchoice/nn/norm_adjustment.hpp"

namespace interchoice {

namespace detail {

/// Whether the two may run as one convolution now.
inline bool may_fold(const torch::nn::Conv2dImpl& convolution,
                     const torch::nn::BatchNorm2dImpl& norm) {
  return folded_convolutions() != nullptr && !norm.is_training() && !c10::GradMode::is_enabled() &&
         norm.running_mean.defined() &&
         std::holds_alternative<torch::enumtype::kZeros>(convolution.options.padding_mode()) &&
         !convolution.weight.is_inference();  // those do not tell when they change
}

}  // namespace detail

/// scale * BN(W * x) + shift: a convolution and the BatchNorm behind it, one convolution within a
/// `FoldBatchNorm`.
///
/// The adjustment is a policy's (see `NormAdjustment`); undefined tensors change nothing. Updates
/// running statistics in training mode as the modules do.
///
/// *Shapes*: as the convolution's. *Cost*: without folding that of the two modules; folded that of
/// the convolution, plus O(weights) where the adjustment scales.
inline at::Tensor convolution_norm(torch::nn::Conv2d& convolution, torch::nn::BatchNorm2d& norm,
                                   const at::Tensor& x, const NormAdjustment& adjustment = {}) {
  if (!detail::may_fold(*convolution, *norm)) {
    return adjusted_norm(norm, convolution->forward(x), adjustment);
  }
  auto [weight, bias] = detail::folded_convolutions()->of(*convolution, *norm);
  if (adjustment.scale.defined()) {
    weight = weight * adjustment.scale.view({-1, 1, 1, 1});
    bias = bias * adjustment.scale;
  }
  if (adjustment.shift.defined()) bias = bias + adjustment.shift;
  const auto& options = convolution->options;
  return torch::nn::functional::conv2d(x, weight,
                                       torch::nn::functional::Conv2dFuncOptions()
                                           .bias(bias)
                                           .stride(options.stride())
                                           .padding(options.padding())
                                           .dilation(options.dilation())
                                           .groups(options.groups()));
}

}  // namespace interchoice
