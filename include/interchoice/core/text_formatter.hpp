#pragma once

#include <fmt/core.h>

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
    return fmt::format_to(context.out(), fmt::runtime(fmt::format("{{:{}}}", options_)),
                          to_text(value));
  }

 private:
  fmt::string_view options_;
};

}  // namespace interchoice
