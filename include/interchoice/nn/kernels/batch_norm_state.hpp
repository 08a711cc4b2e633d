#pragma once

#include <ATen/core/Tensor.h>

namespace interchoice {

/// What a BatchNorm has beside its input; what is undefined it does without.
struct BatchNormState {
  at::Tensor weight;
  at::Tensor bias;
  at::Tensor running_mean;
  at::Tensor running_var;
  double momentum = 0.1;
  double eps = 1e-5;
};

}  // namespace interchoice
