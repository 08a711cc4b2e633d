#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <torch/enum.h>
#include <torch/nn/functional/conv.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <concepts>
#include <variant>

#include "interchoice/nn/adjusted_norm.hpp"
#include "interchoice/nn/fold_batch_norm.hpp"
#include "interchoice/nn/norm_activation.hpp"
#include "interchoice/nn/norm_adjustment.hpp"

namespace interchoice {

namespace detail {

template <class Convolution, class Norm>
concept IsConvolutionWithNorm = (std::same_as<Convolution, torch::nn::Conv1dImpl> &&
                                 std::same_as<Norm, torch::nn::BatchNorm1dImpl>) ||
                                (std::same_as<Convolution, torch::nn::Conv2dImpl> &&
                                 std::same_as<Norm, torch::nn::BatchNorm2dImpl>) ||
                                (std::same_as<Convolution, torch::nn::Conv3dImpl> &&
                                 std::same_as<Norm, torch::nn::BatchNorm3dImpl>);

/// Whether the two may run as one convolution now.
template <class Convolution, class Norm>
bool may_fold(const Convolution& convolution, const Norm& norm) {
  return folded_convolutions() != nullptr && !norm.is_training() && !c10::GradMode::is_enabled() &&
         norm.running_mean.defined() &&
         std::holds_alternative<torch::enumtype::kZeros>(convolution.options.padding_mode()) &&
         !convolution.weight.is_inference();  // those do not tell when they change
}

/// A convolution as a module's, with other weights.
template <std::size_t D, class Convolution>
at::Tensor convolve(const torch::nn::ConvNdImpl<D, Convolution>& like, const at::Tensor& x,
                    const at::Tensor& weight, const at::Tensor& bias) {
  namespace functional = torch::nn::functional;
  const auto options = functional::ConvFuncOptions<D>()
                           .bias(bias)
                           .stride(like.options.stride())
                           .padding(like.options.padding())
                           .dilation(like.options.dilation())
                           .groups(like.options.groups());
  if constexpr (D == 1) {
    return functional::conv1d(x, weight, options);
  } else if constexpr (D == 2) {
    return functional::conv2d(x, weight, options);
  } else {
    return functional::conv3d(x, weight, options);
  }
}

}  // namespace detail

/// activation(scale * BN(W * x) + shift): a convolution and the BatchNorm behind it, both for
/// sequences, images or volumes; one convolution within a `FoldBatchNorm`.
///
/// The adjustment is a policy's (see `NormAdjustment`); undefined tensors change nothing. Updates
/// running statistics in training mode as the modules do.
///
/// *Shapes*: as the convolution's. *Cost*: without folding that of the two modules; folded that of
/// the convolution, plus O(weights) where the adjustment scales.
template <class Convolution, class Norm>
at::Tensor convolution_norm(torch::nn::ModuleHolder<Convolution>& convolution,
                            torch::nn::ModuleHolder<Norm>& norm, const at::Tensor& x,
                            const NormAdjustment& adjustment = {},
                            NormActivation activation = NormActivation::kNone) {
  static_assert(detail::IsConvolutionWithNorm<Convolution, Norm>,
                "interchoice: convolution_norm(convolution, norm, x) needs a Conv1d with a "
                "BatchNorm1d, or both of them 2d or 3d; use adjusted_norm behind anything else");
  if (!detail::may_fold(*convolution, *norm)) {
    return adjusted_norm(norm, convolution->forward(x), adjustment, activation,
                         NormOutput::kOverInput);
  }
  auto [weight, bias] = detail::folded_convolutions()->of(*convolution, *norm);
  if (adjustment.scale.defined()) {
    weight = detail::scaled_outputs(weight, adjustment.scale);
    bias = bias * adjustment.scale;
  }
  if (adjustment.shift.defined()) bias = bias + adjustment.shift;
  return detail::activate_(detail::convolve(*convolution, x, weight, bias), activation);
}

/// The same with the activation as a tag: `apply(y)`, which may overwrite y, and, where it is one
/// of `NormActivation`, its `kind`.
template <class Activation, class Convolution, class Norm>
at::Tensor convolution_norm_activation(torch::nn::ModuleHolder<Convolution>& convolution,
                                       torch::nn::ModuleHolder<Norm>& norm, const at::Tensor& x,
                                       const NormAdjustment& adjustment = {}) {
  if constexpr (requires { NormActivation{Activation::kind}; }) {
    return convolution_norm(convolution, norm, x, adjustment, Activation::kind);
  } else {
    return Activation::apply(convolution_norm(convolution, norm, x, adjustment));
  }
}

}  // namespace interchoice
