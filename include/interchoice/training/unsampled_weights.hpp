#pragma once

#include <torch/nn/module.h>

#include <string>

#include "interchoice/training/part.hpp"

namespace interchoice {

/// Clears the gradients of a network before a step, and so decides what happens to weights that the
/// sampled path does not use: with momentum and weight decay it matters whether their gradient is
/// zero or absent. `move_unsampled`, `freeze_unsampled`, or any callable of these parameters.
///
/// Weights that were never sampled have no gradient either way and stay what they are.
using UnsampledWeights = Part<void(torch::nn::Module&)>;

/// Gradients are zeroed: once sampled, weights decay and coast on at every later step. The
/// reference implementation, and the default.
struct MoveUnsampled {
  void operator()(torch::nn::Module& network) const { network.zero_grad(/*set_to_none=*/false); }
  std::string text() const { return "move"; }
};
inline constexpr MoveUnsampled move_unsampled{};

/// Gradients are removed: weights off the path stay exactly what they are (SPOS). For whole
/// parameters: a bias table is one, so that its unused rows move all the same when a row is used.
struct FreezeUnsampled {
  void operator()(torch::nn::Module& network) const { network.zero_grad(/*set_to_none=*/true); }
  std::string text() const { return "freeze"; }
};
inline constexpr FreezeUnsampled freeze_unsampled{};

}  // namespace interchoice
