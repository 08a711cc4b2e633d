#pragma once

#include <fmt/core.h>

#include <concepts>
#include <string>
#include <string_view>

namespace interchoice::detail {

/// The text that a part of a program says of itself; empty if it has no `text()`.
template <class Value>
std::string text_of(const Value& value) {
  if constexpr (requires {
                  { value.text() } -> std::convertible_to<std::string>;
                }) {
    return value.text();
  } else {
    return {};
  }
}

/// Numbers in one text; the fmt of libtorch and that of the system have their own in different
/// headers.
template <class Values>
std::string joined(const Values& values, std::string_view separator) {
  std::string text;
  for (const auto& value : values) {
    text += fmt::format("{}{}", text.empty() ? "" : separator, value);
  }
  return text;
}

}  // namespace interchoice::detail
