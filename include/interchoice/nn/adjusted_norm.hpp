#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ones_like.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/pimpl.h>

#include <concepts>
#include <cstdint>

#include "interchoice/distributed/group.hpp"
#include "interchoice/nn/kernels/batch_norm.hpp"
#include "interchoice/nn/kernels/batch_norm_state.hpp"
#include "interchoice/nn/kernels/synchronised_batch_norm.hpp"
#include "interchoice/nn/norm_activation.hpp"
#include "interchoice/nn/norm_adjustment.hpp"
#include "interchoice/nn/normalised_values.hpp"
#include "interchoice/nn/synchronised_batch_norm.hpp"

namespace interchoice {

namespace detail {

template <class Norm>
concept IsBatchNorm = std::same_as<Norm, torch::nn::BatchNorm1dImpl> ||
    std::same_as<Norm, torch::nn::BatchNorm2dImpl> ||
    std::same_as<Norm, torch::nn::BatchNorm3dImpl>;

// By their options: their header need not be included where they are not used.
template <class Norm>
concept IsLayerNorm = requires(const Norm& norm) {
  norm.options.normalized_shape();
};
template <class Norm>
concept IsGroupNorm = requires(const Norm& norm) {
  norm.options.num_groups();
};

/// A normalisation's own affine parameters with an adjustment behind them:
///
///   weight' = weight * scale,  bias' = bias * scale + shift      undefined: 1 and 0
struct AdjustedAffine {
  at::Tensor weight;
  at::Tensor bias;

  AdjustedAffine(const at::Tensor& own_weight, const at::Tensor& own_bias,
                 const NormAdjustment& adjustment)
      : weight(product(own_weight, adjustment.scale)), bias(adjustment.shift) {
    if (own_bias.defined()) {
      const at::Tensor scaled = product(own_bias, adjustment.scale);
      bias = bias.defined() ? scaled.add(bias) : scaled;
    }
    // On CUDA, BatchNorm with a bias only has no derivative of that bias.
    if (bias.defined() && !weight.defined()) weight = at::ones_like(bias);
  }

 private:
  static at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
    return !a.defined() ? b : !b.defined() ? a : at::mul(a, b);
  }
};

/// Whether a BatchNorm normalises by the statistics of its input.
template <IsBatchNorm Norm>
bool uses_batch(const Norm& norm) {
  return norm.is_training() || !norm.running_mean.defined();
}

/// A BatchNorm's state before a pass. Counts the pass in training mode.
template <IsBatchNorm Norm>
BatchNormState begin_pass(Norm& norm, const NormAdjustment& adjustment) {
  const AdjustedAffine affine(norm.weight, norm.bias, adjustment);
  double momentum = norm.options.momentum().value_or(0);
  if (norm.is_training() && norm.num_batches_tracked.defined()) {
    norm.num_batches_tracked.add_(1);
    if (!norm.options.momentum()) {
      momentum = 1 / norm.num_batches_tracked.template item<double>();  // cumulative average
    }
  }
  return {affine.weight,    affine.bias, norm.running_mean,
          norm.running_var, momentum,    norm.options.eps()};
}

/// In training mode, over the values of all ranks.
template <IsBatchNorm Norm>
at::Tensor run_synchronised(Norm& norm, const at::Tensor& x, const NormAdjustment& adjustment,
                            NormActivation activation, const Group& group) {
  TORCH_CHECK(x.dim() >= 2 && x.size(1) == norm.options.num_features(),
              "interchoice: a BatchNorm of ", norm.options.num_features(),
              " channels got a tensor ", x.sizes());
  const GroupMoments moments = group_moments(x, group);
  // The number on the device is read only where it may be too small.
  TORCH_CHECK(x.numel() > x.size(1) || moments.count.item<double>() > 1,
              "interchoice: a BatchNorm in training mode needs more than 1 value per channel over "
              "all ranks, got a tensor ",
              x.sizes(), " on rank ", group.rank(), " and no more on the others; leave a last ",
              "batch of one example out, or use a LayerNorm or GroupNorm");
  if (NormalisedValues::current() != nullptr) {
    NormalisedValues::note(norm.running_mean,
                           static_cast<std::int64_t>(moments.count.item<double>()));
  }
  return synchronised_batch_norm(x, begin_pass(norm, adjustment), moments, group, activation);
}

template <IsBatchNorm Norm>
at::Tensor run_adjusted(Norm& norm, const at::Tensor& x, const NormAdjustment& adjustment,
                        NormActivation activation, NormOutput output) {
  const bool use_batch = uses_batch(norm);
  // The unbiased variance of one value is 0 / 0, and would stay in the running one.
  TORCH_CHECK(
      !use_batch || x.numel() != x.size(1),
      "interchoice: a BatchNorm in training mode needs more than 1 value per channel, got a "
      "tensor ",
      x.sizes(), "; leave a last batch of one example out, or use a LayerNorm or GroupNorm");
  const BatchNormState state = begin_pass(norm, adjustment);
  if (use_batch) return batch_norm(x, state, activation, output);
  return inference_batch_norm(x, state, activation, output);
}
template <IsLayerNorm Norm>
at::Tensor run_adjusted(Norm& norm, const at::Tensor& x, const NormAdjustment& adjustment,
                        NormActivation activation, NormOutput) {
  const at::IntArrayRef shape = norm.options.normalized_shape();
  TORCH_CHECK(shape.size() == 1,
              "interchoice: adjusted_norm needs a LayerNorm over the channels alone, got one over ",
              shape, "; use a GroupNorm with one group for channels and positions");
  const AdjustedAffine affine(norm.weight, norm.bias, adjustment);
  return activate_(at::layer_norm(x, shape, affine.weight, affine.bias, norm.options.eps()),
                   activation);
}
template <IsGroupNorm Norm>
at::Tensor run_adjusted(Norm& norm, const at::Tensor& x, const NormAdjustment& adjustment,
                        NormActivation activation, NormOutput) {
  const AdjustedAffine affine(norm.weight, norm.bias, adjustment);
  return activate_(
      at::group_norm(x, norm.options.num_groups(), affine.weight, affine.bias, norm.options.eps()),
      activation);
}

}  // namespace detail

/// activation(scale * norm(x) + shift) along the channels, as one normalisation with other affine
/// parameters:
///
///   weight' = weight * scale,  bias' = bias * scale + shift
///
/// `norm` is a BatchNorm1d, 2d or 3d, a GroupNorm (channels on the second axis), or a LayerNorm
/// over the last axis (tokens). Without an adjustment it is `norm->forward(x)`, seen by
/// `Recalibration::biased_average`. Updates a BatchNorm's running statistics as `norm->forward(x)`
/// does, and its numbers are those of libtorch's operators to the bit (see `batch_norm`). Within a
/// `SynchronisedBatchNorm` a BatchNorm in training mode is over the values of all ranks.
/// *Throws* c10::Error for an adjusted LayerNorm over several axes, and in a BatchNorm's
/// training mode for one value a channel. *Cost*: O(C) beside the normalisation.
template <class Norm>
at::Tensor adjusted_norm(torch::nn::ModuleHolder<Norm>& norm, const at::Tensor& x,
                         const NormAdjustment& adjustment = {},
                         NormActivation activation = NormActivation::kNone,
                         NormOutput output = NormOutput::kNew) {
  static_assert(detail::IsBatchNorm<Norm> || detail::IsLayerNorm<Norm> || detail::IsGroupNorm<Norm>,
                "interchoice: adjusted_norm(norm, x, adjustment) needs a BatchNorm1d, 2d or 3d, a "
                "LayerNorm or a GroupNorm; scale and shift the output of others yourself");
  bool is_plain = !adjustment.defined();
  if constexpr (detail::IsBatchNorm<Norm>) {
    const Group* const group = detail::SynchronisedNorms::group();
    if (group != nullptr && norm->is_training()) {
      return detail::run_synchronised(*norm, x, adjustment, activation, *group);
    }
    detail::NormalisedValues::note(norm->running_mean, x);
    is_plain = is_plain && !((detail::uses_batch(*norm) || !c10::GradMode::is_enabled()) &&
                             detail::has_row_major_values(x) && x.numel() > x.size(1));
  }
  if (is_plain) return detail::activate_(norm->forward(x), activation);
  return detail::run_adjusted(*norm, x, adjustment, activation, output);
}

}  // namespace interchoice
