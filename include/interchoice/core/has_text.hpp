#pragma once

#include <concepts>
#include <string>

namespace interchoice {

/// Has a text that contains everything that changes its results: seeds and options as exact
/// numbers. Distributions and costs of equal texts are taken for the same.
///
/// Satisfied by the library's distributions, where their parts satisfy it. Not satisfied by a
/// lambda: `Named` gives it a text.
template <class T>
concept HasText = requires(const T& part) {
  { part.text() } -> std::convertible_to<std::string>;
};

}  // namespace interchoice
