#pragma once

#include <ATen/core/Tensor.h>

namespace interchoice {

/// The result of a location on its way to a sum: `value + vector`, the addition left to the sum.
///
/// An undefined `value` is zero (the Zero candidate: nothing is computed or added); an undefined
/// `vector` is no vector. *Shapes*: value as the location's output, vector [C] of its channels.
struct DeferredBias {
  at::Tensor value;
  at::Tensor vector;
};

}  // namespace interchoice
