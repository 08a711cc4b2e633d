#pragma once

#include <string>

namespace interchoice {

/// What happens at a step to weights that its paths do not use: with momentum and weight decay it
/// matters whether their gradient is zero or absent.
///
/// Weights that were never sampled have no gradient either way and stay what they are.
enum class UnsampledWeights {
  /// Gradients are zeroed: once sampled, weights decay and coast on at every later step. The
  /// reference implementation, and the default.
  kMove,
  /// Gradients are removed: weights off the path stay exactly what they are (SPOS). For whole
  /// parameters: a bias table is one, so that its unused rows move all the same when a row is used.
  kFreeze,
};

/// `move` or `freeze`.
inline std::string to_text(UnsampledWeights unsampled) {
  return unsampled == UnsampledWeights::kMove ? "move" : "freeze";
}

}  // namespace interchoice
