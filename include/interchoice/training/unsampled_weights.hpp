#pragma once

#include <torch/nn/module.h>

namespace interchoice {

/// What happens to weights that the sampled path of a step does not use.
///
/// With momentum and weight decay it matters whether their gradient is zero or absent.
enum class UnsampledWeights {
  /// Gradients are zeroed: once sampled, weights decay and coast on at every later step. The
  /// reference implementation, and the default.
  kMove,
  /// Gradients are removed: weights off the path stay exactly what they are (SPOS). For whole
  /// parameters: a bias table is one, so that its unused rows move as in kMove when a row is used.
  kFreeze,
};

/// Clears all gradients of a network before a step.
///
/// Weights that were never sampled have no gradient in either mode and stay what they are.
inline void clear_gradients(torch::nn::Module& network, UnsampledWeights mode) {
  network.zero_grad(/*set_to_none=*/mode == UnsampledWeights::kFreeze);
}

}  // namespace interchoice
