#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>

#include "interchoice/nn/norm_adjustment.hpp"

namespace interchoice {

/// What an architecture selects at one location: the candidate's module, and what the policy does
/// to it, as constants per channel. Undefined tensors do nothing.
struct Resolution {
  std::shared_ptr<torch::nn::Module> candidate;
  at::Tensor input_scale;   // [C]
  at::Tensor input_vector;  // [C]
  NormAdjustment norm;      // [C of the candidate's first normalisation]
  /// Whether that is all. A policy with hooks `before` or `after` does something else.
  bool is_complete = true;
};

}  // namespace interchoice
