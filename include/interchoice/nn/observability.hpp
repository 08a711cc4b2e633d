#pragma once

#include <cstddef>
#include <vector>

#include "interchoice/dependency/compose.hpp"
#include "interchoice/dependency/keep_inert.hpp"
#include "interchoice/nn/operation.hpp"
#include "interchoice/nn/responses.hpp"
#include "interchoice/nn/site.hpp"

namespace interchoice::detail {

// Which effects a policy's tables have. One that declares none is taken as observed.
template <class Policy>
struct ObservedEffects {
  static bool any(const Site& site, std::size_t candidate) {
    if constexpr (requires { Policy::effects.size(); }) {
      for (const Effect effect : Policy::effects) {
        if (site.observes(effect, candidate)) return true;
      }
      return false;
    } else {
      return Policy::depth > 0;
    }
  }
};
template <class... Policies>
struct ObservedEffects<compose<Policies...>> {
  static bool any(const Site& site, std::size_t candidate) {
    return (ObservedEffects<Policies>::any(site, candidate) || ...);
  }
};

template <class Policy>
bool observes(const Site& site, std::size_t candidate) {
  return ObservedEffects<Policy>::any(site, candidate);
}

template <class Policy>
constexpr bool acts_only_on_norms() {
  if constexpr (requires { Policy::effects.size(); }) {
    for (const Effect effect : Policy::effects) {
      if (effect != Effect::kNormShift && effect != Effect::kNormScale) return false;
    }
    return true;
  } else {
    return false;
  }
}

// Whether an operation has a normalisation to adjust, whatever its geometry.
template <class Op>
constexpr bool has_norm() {
  constexpr Responses responses = responses_of<Op>(Geometry{});
  return responses.norm_shift != Response::kRemoved || responses.norm_scale != Response::kRemoved;
}

template <class Space>
constexpr bool has_norms() {
  bool found = false;
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    // No variable of its own within the lambda: clang 14 would not take it for a constant.
    Space::for_each_candidate(choice, [&found]<class Op>() { found = found || has_norm<Op>(); });
  }
  return found;
}

/// The operations of a space whose candidates are operations themselves, if the policy has
/// something to act on there.
template <class Space, class Policy>
std::vector<AnyOperation> own_operations(std::size_t choice) {
  if constexpr (acts_only_on_norms<Policy>()) {
    static_assert(has_norms<Space>(),
                  "interchoice: shift and affine act after an operation's first normalisation, and "
                  "no candidate of this space declares one; give an operation `forward_adjusted`, "
                  "`norm_channels` and `responses`, or use bias");
  }
  return operations_of<Space>(choice);
}

}  // namespace interchoice::detail
