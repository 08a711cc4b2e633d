#pragma once

#include <cstddef>
#include <vector>

#include "interchoice/dependency/policy.hpp"
#include "interchoice/nn/operation.hpp"
#include "interchoice/nn/responses.hpp"
#include "interchoice/nn/site.hpp"

namespace interchoice::detail {

/// Whether one of the effects that a policy declares is observed. A policy that declares none is
/// taken as observed.
template <class Policy>
bool observes([[maybe_unused]] const Site& site, [[maybe_unused]] std::size_t candidate) {
  if constexpr (HasEffects<Policy>) {
    for (const Effect effect : Policy::effects) {
      if (site.observes(effect, candidate)) return true;
    }
    return false;
  } else {
    return Policy::depth > 0;
  }
}

template <class Policy>
constexpr bool acts_only_on_norms() {
  if constexpr (HasEffects<Policy>) {
    for (const Effect effect : Policy::effects) {
      if (effect != Effect::kNormShift && effect != Effect::kNormScale) return false;
    }
    return !Policy::effects.empty();
  } else {
    return false;
  }
}

// Whether an operation has a normalisation to adjust, with a geometry that keeps the shape or not.
template <class Op>
constexpr bool has_norm() {
  return responses_of<Op>(Geometry{}).has_norm() ||
         responses_of<Op>(Geometry{.out_channels = 2, .stride = 2}).has_norm();
}

template <class Space, class Operations>
constexpr bool has_norms() {
  bool found = false;
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    // No variable of its own within the lambda: clang 14 would not take it for a constant.
    Operations::for_each_candidate(choice,
                                   [&found]<class Op>() { found = found || has_norm<Op>(); });
  }
  return found;
}

/// The operations of a choice, if the policy has something to act on in the space. `Operations` is
/// the space, whose candidates are operations themselves, or a list that serves every choice.
template <class Space, class Policy, class Operations = Space>
std::vector<AnyOperation> own_operations(std::size_t choice) {
  if constexpr (acts_only_on_norms<Policy>()) {
    static_assert(has_norms<Space, Operations>(),
                  "interchoice: shift and affine act after an operation's first normalisation, and "
                  "no candidate of this space declares one; give an operation `forward_adjusted`, "
                  "`norm_channels` and `responses`, or use bias");
  }
  return operations_of<Operations>(choice);
}

}  // namespace interchoice::detail
