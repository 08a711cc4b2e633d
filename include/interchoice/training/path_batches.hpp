#pragma once

namespace interchoice {

/// Which batches the paths of one step see, where a sampler draws several paths a step
/// (`StrictFairSampler`). Their gradients are added up, not averaged, for one optimizer step.
enum class PathBatches {
  /// All paths see the same batch: an epoch has a step for each batch, and costs n times a
  /// single-path epoch. FairNAS (Chu et al. 2021), algorithm 1, and the default.
  kSameBatch,
  /// Path j of step s sees batch n s + j: an epoch has floor(batches / n) steps and costs what a
  /// single-path epoch costs. What is left of an epoch, fewer than n batches, is not used: a step
  /// with fewer paths would not be fair, and every epoch leaves other images out. The reference
  /// implementation.
  kSuccessiveBatches,
};

}  // namespace interchoice
