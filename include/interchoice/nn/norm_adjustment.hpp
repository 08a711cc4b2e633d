#pragma once

#include <ATen/core/Tensor.h>

namespace interchoice {

/// A policy's change to an operation's first normalisation: y -> scale * y + shift, behind it and
/// before its activation.
///
/// Undefined tensors change nothing. *Shapes*: [C], C the channels of that normalisation.
struct NormAdjustment {
  at::Tensor scale;
  at::Tensor shift;

  /// Whether anything is changed.
  bool defined() const { return scale.defined() || shift.defined(); }
};

}  // namespace interchoice
