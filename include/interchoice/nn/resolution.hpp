#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <array>
#include <memory>
#include <utility>

#include "interchoice/nn/norm_adjustment.hpp"

namespace interchoice {

/// One architecture's selection at one location: the candidate's module, and what the policy does
/// to it, as constants per channel. Undefined tensors do nothing.
struct Resolution {
  std::shared_ptr<torch::nn::Module> candidate;
  at::Tensor input_scale;   ///< [C]
  at::Tensor input_vector;  ///< [C]
  NormAdjustment norm;      ///< [C of the candidate's first normalisation]
  /// Whether that is all. A policy with hooks `before` or `after` does something else.
  bool is_complete = true;

  /// The constants with the names of the parameters that hold them in a subnet.
  std::array<std::pair<const char*, at::Tensor*>, 4> constants() {
    return {{{"input_scale", &input_scale},
             {"input_vector", &input_vector},
             {"norm_scale", &norm.scale},
             {"norm_shift", &norm.shift}}};
  }
};

}  // namespace interchoice
