#pragma once

#include "interchoice/dependency/none.hpp"
#include "interchoice/nn/dependency_state.hpp"

namespace interchoice {

/// y = op_c(x): no state, no hook.
template <>
struct dependency_state<none> {
  dependency_state(torch::nn::Module&, const Site&) {}
};

}  // namespace interchoice
