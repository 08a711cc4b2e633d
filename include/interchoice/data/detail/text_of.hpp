#pragma once

#include <concepts>
#include <string>

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

}  // namespace interchoice::detail
