#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <string>

namespace interchoice {

/// A base of `fmt::formatter`s: formats a value as its `to_text`, with the options of a string.
class TextFormatter {
 public:
  constexpr auto parse(fmt::format_parse_context& context) {
    const auto* end = context.begin();
    while (end != context.end() && *end != '}') ++end;
    options_ = {context.begin(), static_cast<std::size_t>(end - context.begin())};
    return end;
  }

  template <class T, class Context>
  auto format(const T& value, Context& context) const {
    return write(to_text(value), context);
  }

 protected:
  /// Writes a text with the fill, width and alignment that were asked for.
  template <class Context>
  auto write(const std::string& text, Context& context) const {
    // Not by format_to: clang looks for another name of it than g++ gave it in libfmt 9.
    const std::string padded = fmt::format(fmt::runtime(fmt::format("{{:{}}}", options_)), text);
    return std::copy(padded.begin(), padded.end(), context.out());
  }

 private:
  fmt::string_view options_;
};

}  // namespace interchoice
