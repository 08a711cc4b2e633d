#pragma once

#include <cstddef>
#include <string_view>

namespace interchoice {

/// The policy of one architecture as a network of its own: every location has the one candidate
/// that the architecture takes, and what its context selects, fixed. See `Subnet`.
struct resolved {
  static constexpr std::string_view name = "resolved";
  static constexpr std::size_t depth = 0;
};

}  // namespace interchoice
