#pragma once

#include <fmt/core.h>

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace interchoice::detail {

/// The names in the store that belong to a queue.
struct WorkKeys {
  std::string name;

  std::string of(std::string_view what) const { return fmt::format("{}/{}", name, what); }
  std::string of(std::string_view what, std::size_t number) const {
    return fmt::format("{}/{}/{}", name, what, number);
  }

  std::string next() const { return of("next"); }    // a counter of tickets
  std::string posts() const { return of("posts"); }  // a counter
  std::string post(std::size_t number) const { return of("post", number); }
  std::string holds(std::size_t rank) const { return of("holds", rank); }  // tickets, or "left"
  std::string again(std::size_t number) const { return of("again", number); }
  std::string call() const { return of("call"); }
  std::string all() const { return of("all"); }  // the text in the end
};

/// Takes a number from the beginning of a text, and the character behind it.
inline std::size_t take_number(std::string_view& text) {
  std::size_t value = 0;
  const char* const behind = std::from_chars(text.data(), text.data() + text.size(), value).ptr;
  text.remove_prefix(static_cast<std::size_t>(behind - text.data()));
  if (!text.empty()) text.remove_prefix(1);
  return value;
}

}  // namespace interchoice::detail
