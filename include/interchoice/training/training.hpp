#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "interchoice/distributed/group.hpp"
#include "interchoice/nn/precision.hpp"
#include "interchoice/training/copy_momentum.hpp"
#include "interchoice/training/learning_rate.hpp"
#include "interchoice/training/loss.hpp"
#include "interchoice/training/non_finite.hpp"
#include "interchoice/training/optimizer.hpp"
#include "interchoice/training/ranks_share.hpp"
#include "interchoice/training/training_position.hpp"
#include "interchoice/training/unsampled_weights.hpp"

namespace interchoice {

/// Which batches the paths of one step see, where a sampler draws several paths a step (strict
/// fairness). Their gradients are added up, not averaged, for one optimizer step.
enum class PathBatches {
  /// All paths see the same batch: an epoch has a step for each batch, and costs n times a
  /// single-path epoch. FairNAS (Chu et al. 2021), algorithm 1, and the default.
  kSame,
  /// Path j of step s sees batch n s + j: an epoch has floor(batches / n) steps and costs what a
  /// single-path epoch costs. What is left of an epoch, fewer than n batches, is not used: a step
  /// with fewer paths would not be fair, and every epoch leaves other examples out. The reference
  /// implementation.
  kSuccessive,
};

struct TrainingRecord;

/// How a super-network is trained, composed of parts; each takes the library's or any callable of
/// one's own. The defaults are the paper's on NAS-Bench-201 (Table 5).
struct Training {
  std::size_t epochs = 250;
  /// Of logits, targets and, if it takes them, data.
  Loss loss = CrossEntropy{};
  /// The maker of the optimizer.
  OptimizerMaker optimizer = Sgd{};
  /// The rate of each epoch.
  LearningRate learning_rate = cosine(0.025, 1e-5);
  /// The rule for weights off the paths.
  UnsampledWeights unsampled = UnsampledWeights::kMove;
  /// What forward and backward passes compute in; the loss is computed in float.
  Precision precision = Precision::kFloat32;
  /// The momentum with which the copies of a split begin.
  CopyMomentum copies = copied_momentum;
  /// The batches that several paths of a step see.
  PathBatches path_batches = PathBatches::kSame;
  /// The epochs, ascending, at whose beginnings all that can split does, unless it has: one for
  /// `split<on_demand>`, one for each stage of a `staged_split`. A `split<N>` happens at N if that
  /// is earlier.
  std::vector<std::size_t> split_epochs = {};
  /// Asked after every step; true ends the training cleanly.
  std::function<bool()> stop = {};
  /// Told of every epoch that is done, with all before it.
  std::function<void(const TrainingRecord&)> after_epoch = {};
  /// The steps after which the host reads what came of them, and waits for the device meanwhile;
  /// none: 1 on the CPU, 64 elsewhere. Progress shows what is read. The result does not depend on
  /// it. See `PathStep::enqueue`.
  std::optional<std::size_t> read_every = {};
  /// What happens to a step that is not finite. An epoch whose steps are all skipped ends the
  /// training with an exception.
  NonFinite non_finite = NonFinite::kStop;
  /// Parts of a batch that go through the network one behind the other, for less memory: the step
  /// is that of the whole batch, but for each BatchNorm, which sees the parts.
  std::size_t parts = 1;
  /// The processes that train together (`join_group`), each started with the same training, whose
  /// batches are those of the whole group. All return the same record and weights.
  Group group = {};
  /// The part of a step that each of them takes.
  RanksShare ranks_share = RanksShare::kExamples;
  /// Whether a BatchNorm sees the batch of all ranks (see `SynchronisedBatchNorm`). Buffers are
  /// compared with the weights then: one that no synchronised module moves ends the training.
  bool synchronises_batch_norm = false;
  /// The steps after which ranks compare their weights to the bit, beside each epoch's beginning.
  std::size_t compare_every = 1000;
};

/// The outcome of one epoch of training.
struct EpochRecord {
  std::size_t epoch;
  double learning_rate;
  /// The mean over the epoch's examples, each counted for every path that saw it; not a number if
  /// all steps of a part of an epoch were skipped.
  double loss;
  /// The fraction of targets that are the index of the largest logit of axis 1, for that path; none
  /// where targets are no classes.
  std::optional<double> accuracy;
  double seconds;
  bool is_partial = false;  ///< stopped before its last step
  /// Steps that were not finite (`NonFinite::kSkip`): loss and accuracy leave them out.
  std::size_t skipped = 0;
};

/// The outcome of a training.
struct TrainingRecord {
  std::vector<EpochRecord> epochs;
  /// Whether `Training::stop` ended it before its last step.
  bool stopped = false;
  /// Where it ended, and would go on.
  TrainingPosition position = {};
};

}  // namespace interchoice
