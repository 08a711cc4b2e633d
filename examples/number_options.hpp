#pragma once

// What options accept as a number.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

namespace examples {

namespace detail {

/// The number that all of a text is, or false.
template <class Number>
bool parse_number(const std::string& text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end;
}

}  // namespace detail

inline constexpr std::uint64_t kMostImages = 1'000'000'000;

/// A whole number in decimal digits. CLI11 alone takes -1 for 2^64 - 1, more than that for it as
/// well, and 010 for 8.
inline CLI::Validator whole_number(std::uint64_t least = 0,
                                   std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
  const std::string range = most == std::numeric_limits<std::uint64_t>::max()
                                ? "at least " + fmt::format("{}", least)
                                : fmt::format("in [{} - {}]", least, most);
  return CLI::Validator(
      [least, most, range](std::string& text) -> std::string {
        std::uint64_t number = 0;
        const bool has_zeros = text.size() > 1 && text.front() == '0';
        if (!has_zeros && detail::parse_number(text, number) && number >= least && number <= most) {
          return {};
        }
        return "'" + text + "' is no whole number " + range +
               (has_zeros ? "; leave out the zeros before it" : "");
      },
      range);
}

/// A finite number in [least, most].
inline CLI::Validator number_within(double least, double most) {
  const std::string range = fmt::format("in [{} - {}]", least, most);
  return CLI::Validator(
      [least, most, range](std::string& text) -> std::string {
        double number = 0;
        if (detail::parse_number(text, number) && number >= least && number <= most) return {};
        return "'" + text + "' is no number " + range;
      },
      range);
}

/// A finite number that is at least 0.
inline CLI::Validator number_at_least_zero() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        double number = 0;
        if (detail::parse_number(text, number) && std::isfinite(number) && number >= 0) return {};
        return "'" + text + "' is no finite number of at least 0";
      },
      "at least 0");
}

/// A finite number above 0.
inline CLI::Validator positive_number() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        double number = 0;
        if (detail::parse_number(text, number) && std::isfinite(number) && number > 0) return {};
        return "'" + text + "' is no finite number above 0";
      },
      "above 0");
}

}  // namespace examples
