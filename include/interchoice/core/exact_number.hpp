#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace interchoice {

/// The shortest decimal text that reads back as the same double, for files. Independent of the
/// locale.
inline std::string exact_number_text(double value) {
  char buffer[32];  // 24 characters are enough for every double
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

/// The finite number that a text is, from its first character to its last; none otherwise.
/// Independent of the locale.
inline std::optional<double> exact_number(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || !std::isfinite(value)) return {};
  return value;
}

}  // namespace interchoice
