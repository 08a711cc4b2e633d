#pragma once

#include <fmt/core.h>

#include <string>

#include "interchoice/dependency/policy.hpp"

namespace interchoice {

/// A policy with all its table entries, those that cannot matter included.
///
/// Policies hold no parameters for candidates and locations whose training-mode output they cannot
/// change (see `describe`). The reference implementation holds them; this is for comparison with
/// it: `keep_inert<bias<1>>` has the paper's tables, entry for entry.
template <DependencyPolicy Policy>
struct keep_inert : Policy {
  static std::string text() { return fmt::format("keep_inert<{}>", policy_text<Policy>()); }
};

}  // namespace interchoice
