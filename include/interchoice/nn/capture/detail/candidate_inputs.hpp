#pragma once

#include <ATen/core/Tensor.h>

#include <array>

#include "interchoice/nn/deferred_bias.hpp"
#include "interchoice/nn/operation.hpp"

namespace interchoice::detail {

/// What a candidate is run with. Undefined tensors do nothing.
struct CandidateInputs {
  std::array<at::Tensor, 5> tensors;  // x, input scale, input vector, norm scale, norm shift
  bool is_deferred = false;           // whether the result may be a `DeferredBias`

  const at::Tensor& x() const { return tensors[0]; }
  const at::Tensor& vector() const { return tensors[2]; }

  DeferredBias run(BuiltOperation& candidate) const {
    const NormAdjustment norm{tensors[3], tensors[4]};
    if (is_deferred) {
      return candidate.forward_deferred_scaled(x(), tensors[1], vector(), norm);
    }
    return {candidate.forward_scaled(x(), tensors[1], vector(), norm), {}};
  }
};

}  // namespace interchoice::detail
