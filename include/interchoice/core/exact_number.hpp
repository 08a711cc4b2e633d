#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <system_error>

namespace interchoice {

/// The finite number that a text is, from its first character to its last; none otherwise.
/// Independent of the locale. The inverse of `fmt::format("{}", number)`, which writes the shortest
/// text of a number that reads back as the same one.
inline std::optional<double> exact_number(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || !std::isfinite(value)) return {};
  return value;
}

}  // namespace interchoice
