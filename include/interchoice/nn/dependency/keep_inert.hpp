#pragma once

#include "interchoice/dependency/keep_inert.hpp"
#include "interchoice/nn/dependency_state.hpp"

namespace interchoice {

/// The policy's own state, told that everything is observed.
template <class Policy>
struct dependency_state<keep_inert<Policy>> : dependency_state<Policy> {
  template <SearchSpace Space>
  dependency_state(torch::nn::Module& owner, const SpaceSite<Space>& site)
      : dependency_state<Policy>(owner, site.with_inert()) {}
};

namespace detail {

template <class Policy>
struct CheckedHooks<keep_inert<Policy>> : CheckedHooks<Policy> {};

}  // namespace detail

}  // namespace interchoice
