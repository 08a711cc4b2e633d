#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "interchoice/dependency/response.hpp"

namespace interchoice {

/// No dependency: the Single-Path One-Shot baseline.
///
///   y = op_c(x)
///
/// *Cost*: none, in parameters and in instructions.
struct none {
  static constexpr std::string_view name = "none";
  static constexpr std::size_t depth = 0;
  static constexpr std::array<Effect, 0> effects{};
};

}  // namespace interchoice
