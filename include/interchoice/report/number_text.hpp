#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>

namespace interchoice::figures {

/// The shortest decimal text that reads back as the same number: for files that programs read.
/// Independent of the locale. 100000 is `1e+05`, where fmt writes it in full.
inline std::string shortest_text(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, end};
}

/// The number with so many decimals, for people: a true minus sign, commas between thousands, no
/// negative zero; `–` where it is NaN or infinite. A number that would be too long to read, from
/// 10^15 on or with more than nine decimals, is written like `1.235e+20`.
inline std::string fixed_text(double value, int decimals) {
  if (!std::isfinite(value)) return "–";
  const double magnitude = std::abs(value);
  const bool is_long = magnitude >= 1e15 || (decimals > 9 && magnitude > 0);
  std::string text = is_long ? fmt::format("{:.3e}", magnitude)
                             : fmt::format("{:.{}f}", magnitude, std::clamp(decimals, 0, 9));
  const bool is_zero = text.find_first_not_of("0.") == std::string::npos;
  for (std::size_t at = std::min(text.find('.'), text.size()); at > 3; text.insert(at, ","))
    at -= 3;
  return (value < 0 && !is_zero ? "\u2212" : "") + text;
}

/// A count for people: `15,625`.
inline std::string count_text(std::size_t count) {
  return fixed_text(static_cast<double>(count), 0);
}

/// `accuracy [%]`, or the text alone where the unit is empty.
inline std::string with_unit(const std::string& text, const std::string& unit) {
  return unit.empty() ? text : fmt::format("{} [{}]", text, unit);
}

}  // namespace interchoice::figures
