#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/full_like.h>
#include <c10/util/Exception.h>

#include <cstddef>
#include <type_traits>

#include "interchoice/training/weighed_loss.hpp"

namespace interchoice::detail {

/// The loss that a step's callable, of one of three forms, has for a part of a path's batch.
template <class LossOfPath, class Path>
WeighedLoss loss_of(const LossOfPath& loss, const Path& path, std::size_t index, std::size_t part) {
  using Index = std::size_t;
  constexpr bool is_plain = std::is_invocable_r_v<WeighedLoss, const LossOfPath&, const Path&>;
  constexpr bool takes_index =
      std::is_invocable_r_v<WeighedLoss, const LossOfPath&, const Path&, Index>;
  constexpr bool takes_part =
      std::is_invocable_r_v<WeighedLoss, const LossOfPath&, const Path&, Index, Index>;
  static_assert(is_plain || takes_index || takes_part,
                "interchoice: a training step needs a loss: a callable `loss(path)`, `loss(path, "
                "index)` or `loss(path, index, part)` that returns an at::Tensor or a WeighedLoss, "
                "for the Architecture<Space> that the sampler draws");
  if constexpr (takes_part) {
    return loss(path, index, part);
  } else if constexpr (takes_index) {
    return loss(path, index);
  } else {
    return loss(path);
  }
}

/// Adds a part's gradients to the step's, and its loss to `sum`, undefined before the first one.
inline void go_backward(const WeighedLoss& part, double default_weight, at::Tensor& sum) {
  const at::Tensor& loss = part.loss;
  TORCH_CHECK(loss.defined() && loss.numel() == 1 && loss.requires_grad(),
              "interchoice: the loss of a path is ", loss.toString(), " ", loss.sizes(),
              loss.requires_grad() ? "" : " without a gradient",
              "; one number that depends on the network's weights is needed");
  const double weight = part.weight.value_or(default_weight);
  at::Tensor weighed = loss.detach();
  if (weight == 1) {
    loss.backward();
  } else {
    loss.backward(at::full_like(loss, weight));
    weighed = weighed.mul(weight);
  }
  sum = sum.defined() ? sum.add(weighed) : weighed;
}

}  // namespace interchoice::detail
