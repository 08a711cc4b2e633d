#pragma once

#include <string>

#include "interchoice/core/has_text.hpp"

namespace interchoice::detail {

/// The text that a part of a program says of itself; empty if it has no `text()`.
template <class Value>
std::string text_of(const Value& value) {
  if constexpr (HasText<Value>) {
    return value.text();
  } else {
    return {};
  }
}

}  // namespace interchoice::detail
