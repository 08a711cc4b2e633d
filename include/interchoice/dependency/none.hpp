#pragma once

#include <cstddef>
#include <string_view>

namespace interchoice {

/// No dependency: the Single-Path One-Shot baseline.
///
///   y = op_c(x)
///
/// *Cost*: none, in parameters and in instructions.
struct none {
  static constexpr std::string_view name = "none";
  static constexpr std::size_t depth = 0;
};

}  // namespace interchoice
