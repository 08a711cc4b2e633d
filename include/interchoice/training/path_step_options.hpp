#pragma once

#include <cstddef>

#include "interchoice/distributed/group.hpp"
#include "interchoice/training/copy_momentum.hpp"
#include "interchoice/training/non_finite.hpp"
#include "interchoice/training/ranks_share.hpp"
#include "interchoice/training/unsampled_weights.hpp"

namespace interchoice {

/// The rules by which a step treats weights.
struct PathStepOptions {
  /// The rule for weights off the paths.
  UnsampledWeights unsampled = UnsampledWeights::kMove;
  /// The momentum with which the copies of a split begin.
  CopyMomentum copies = copied_momentum;
  /// What happens to a step that is not finite.
  NonFinite non_finite = NonFinite::kStop;
  /// Whether steps are judged where the weights are, without a wait before `PathStep::read`; so
  /// they always are where that is not the CPU.
  bool on_device = false;
  /// Most bytes of weights that steps which are not read keep, to be undone; beyond it they wait.
  std::size_t undo_limit = std::size_t{256} << 20;
  /// The processes that take each step together, with one gradient; all weights are rank 0's at the
  /// first `PathStep::begin`, and equal to the bit ever after.
  Group group = {};
  /// The part of a step that each of them takes.
  RanksShare ranks_share = RanksShare::kExamples;
  /// The steps after which the ranks compare their weights, beside the beginning of each epoch.
  std::size_t compare_every = 1000;
  /// Whether they compare buffers, too: those of a network whose BatchNorms are synchronised.
  bool has_equal_buffers = false;
  /// Calls of the loss for each path of a step, one behind the other, whose gradients are added up:
  /// parts of a batch that does not fit into memory.
  std::size_t parts = 1;
};

}  // namespace interchoice
