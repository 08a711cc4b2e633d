#pragma once

#include <utility>

#include "interchoice/distributed/group.hpp"
#include "interchoice/nn/detail/thread_scope.hpp"

namespace interchoice {

namespace detail {

/// The group over whose values this thread's BatchNorms normalise.
class SynchronisedNorms : public ThreadScope<SynchronisedNorms> {
 public:
  explicit SynchronisedNorms(Group group) : group_(std::move(group)) {}

  /// Null outside of all scopes, and where the innermost one's group has one rank.
  static const Group* group() {
    const SynchronisedNorms* const scope = current();
    return scope == nullptr || scope->group_.is_alone() ? nullptr : &scope->group_;
  }

 private:
  Group group_;
};

}  // namespace detail

/// While it lives, every BatchNorm in training mode that this thread runs through `adjusted_norm`
/// or `convolution_norm` normalises by the values of all ranks of a group, and moves its running
/// statistics by theirs (see `synchronised_batch_norm`), as if one process had the whole batch:
///
///   y = activation((x - mean) / sqrt(var + eps) * weight + bias)     mean, var over all ranks
///
/// All ranks run the same BatchNorms in the same order, forward and backward, so the same
/// architecture. A rank may have one value a channel if the group has more. BatchNorms in
/// evaluation mode, those without running statistics included, run as without it; so does
/// everything in a group of one. Captured candidates (`CapturedCandidates`) run themselves
/// meanwhile.
///
/// Backward passes may run after it has ended, and on other threads. Guards nest, and the innermost
/// acts: `SynchronisedBatchNorm(Group())` lets ranks go their own ways within another. It is
/// neither copied nor moved to another thread.
///
/// *Cost*: a small collective a BatchNorm in the forward pass, and one in the backward pass.
class SynchronisedBatchNorm {
 public:
  explicit SynchronisedBatchNorm(Group group) : norms_(std::move(group)) {}

 private:
  detail::SynchronisedNorms norms_;
};

}  // namespace interchoice
