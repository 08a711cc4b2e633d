#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>

namespace interchoice::detail {

/// The texts of values with a separator between them; `fmt::join` is in another header of each fmt.
template <class Values>
std::string joined(const Values& values, std::string_view separator) {
  std::string text;
  std::string_view before;
  for (const auto& value : values) {
    text += fmt::format("{}{}", before, value);
    before = separator;
  }
  return text;
}

}  // namespace interchoice::detail
