#pragma once

#include <cstddef>

#include "interchoice/training/copy_momentum.hpp"
#include "interchoice/training/non_finite.hpp"
#include "interchoice/training/unsampled_weights.hpp"

namespace interchoice {

/// The rules by which a step treats weights.
struct PathStepOptions {
  UnsampledWeights unsampled = UnsampledWeights::kMove;
  CopyMomentum copies = copied_momentum;
  NonFinite non_finite = NonFinite::kStop;
  /// Whether steps are judged where the weights are, without a wait before `PathStep::read`; so
  /// they always are where that is not the CPU.
  bool on_device = false;
  /// Most bytes of weights that steps which are not read keep, to be undone; beyond it they wait.
  std::size_t undo_limit = std::size_t{256} << 20;
};

}  // namespace interchoice
