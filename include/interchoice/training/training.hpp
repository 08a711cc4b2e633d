#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "interchoice/training/copy_momentum.hpp"
#include "interchoice/training/learning_rate.hpp"
#include "interchoice/training/path_batches.hpp"
#include "interchoice/training/sgd.hpp"
#include "interchoice/training/unsampled_weights.hpp"

namespace interchoice {

/// How a super-network is trained. The defaults are the paper's on NAS-Bench-201 (Table 5).
struct Training {
  std::size_t epochs = 250;
  LearningRate learning_rate = cosine(0.025, 1e-5);
  SgdOptions sgd = {};
  UnsampledWeights unsampled = UnsampledWeights::kMove;
  /// Targets (1 - e) onehot + e / classes.
  double label_smoothing = 0;
  /// Which batches the paths of a step see, where the sampler draws several.
  PathBatches path_batches = PathBatches::kSameBatch;
  /// The epoch of a split for policies `split<on_demand, ...>`; other policies know theirs.
  std::optional<std::size_t> split_epoch = {};
  /// With which momentum the copies of a split begin. `kShared` needs `UnsampledWeights::kFreeze`.
  CopyMomentum copy_momentum = CopyMomentum::kCopied;
  /// Asked after every step; true ends the training cleanly.
  std::function<bool()> stop = {};
};

/// What an epoch of training came to.
struct EpochRecord {
  std::size_t epoch;
  double learning_rate;
  double loss;      // mean over the epoch's images, each counted for every path that saw it
  double accuracy;  // share of them that was classified right by that path
  double seconds;
  bool is_partial = false;  // stopped before its last step
};

/// What a training came to.
struct TrainingRecord {
  std::vector<EpochRecord> epochs;
  /// Whether `Training::stop` ended it before its last step.
  bool stopped = false;
};

}  // namespace interchoice
