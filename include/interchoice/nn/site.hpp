#pragma once

#include <algorithm>
#include <cstddef>

#include "interchoice/dependency/context.hpp"
#include "interchoice/dependency/response.hpp"
#include "interchoice/nn/candidate_bank.hpp"

namespace interchoice {

/// A location in a network, as a policy's state finds it when it is made: what conditions it, the
/// candidates that stand there, and what follows.
class Site {
 public:
  Site(const Context& context, const CandidateBank& bank, Response downstream,
       std::size_t max_candidates)
      : context_(context), bank_(&bank), downstream_(downstream), max_candidates_(max_candidates) {}

  /// The priors that condition the location.
  const Context& context() const { return context_; }
  /// The candidates that stand there.
  const CandidateBank& bank() const { return *bank_; }
  /// The shape that they are built for.
  const Geometry& geometry() const { return bank_->geometry(); }
  /// The largest number of candidates of any choice of the space.
  std::size_t max_candidates() const { return max_candidates_; }

  /// Whether a policy's change to candidate c can be seen in a training-mode output of the network.
  bool observes(Effect effect, std::size_t candidate) const {
    return keeps_inert_ ||
           followed_by(bank_->responses(candidate).to(effect), downstream_) == Response::kObserved;
  }
  /// Whether it can for any candidate.
  bool observes(Effect effect) const {
    for (std::size_t c = 0; c < context_.candidates(); ++c) {
      if (observes(effect, c)) return true;
    }
    return false;
  }

 protected:
  Context context_;
  const CandidateBank* bank_;
  Response downstream_;
  std::size_t max_candidates_;
  bool keeps_inert_ = false;
};

/// A site of a known space: can be looked at with another policy's priors.
template <SearchSpace Space>
class SpaceSite : public Site {
 public:
  SpaceSite(const Context& context, const CandidateBank& bank, Response downstream)
      : Site(context, bank, downstream, max_candidate_count<Space>()) {}

  /// The same location as `Policy` sees it.
  template <DependencyPolicy Policy>
  SpaceSite with_policy() const {
    SpaceSite site = *this;
    site.context_ = context_at<Space, Policy>(context_.location());
    return site;
  }
  /// The same location with everything taken as observed.
  SpaceSite with_inert() const {
    SpaceSite site = *this;
    site.keeps_inert_ = true;
    return site;
  }
};

}  // namespace interchoice
