#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "interchoice/core/identity.hpp"

namespace interchoice {

namespace detail {

struct AnyFieldVisitor {
  template <class Field>
  void operator()(std::string_view, Field&) const {}
};

}  // namespace detail

/// Options of a network that can be written to a file, by name.
///
/// Satisfied by an empty struct, and by one that shows its fields:
///
///   struct Options {
///     std::int64_t width = 16;
///     static void for_each_field(auto& options, auto&& visit) { visit("width", options.width); }
///   };
///
/// A field is a number, a bool, a std::string, or a vector of numbers.
template <class Options>
concept DescribedOptions = std::default_initializable<Options> &&
    (std::is_empty_v<Options> ||
     requires(Options & options) { Options::for_each_field(options, detail::AnyFieldVisitor{}); });

namespace detail {

/// 16, 0.25, true, `2,2,2`: the shortest text that gives the same value back.
template <class Field>
std::string field_text(const Field& field) {
  if constexpr (std::is_arithmetic_v<Field> || std::same_as<Field, std::string>) {
    return fmt::format("{}", field);
  } else {
    std::string text;
    for (const auto& item : field) text += fmt::format("{},", item);
    return text.substr(0, text.size() - (text.empty() ? 0 : 1));
  }
}

/// Reads the text of a field. Returns whether it is one.
template <class Field>
bool read_field(std::string_view text, Field& field) {
  if constexpr (std::same_as<Field, std::string>) {
    field = text;
    return true;
  } else if constexpr (std::same_as<Field, bool>) {
    field = text == "true";
    return field || text == "false";
  } else if constexpr (std::is_arithmetic_v<Field>) {
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, field);
    return error == std::errc() && at == end;
  } else {
    field.clear();
    while (!text.empty()) {
      const std::string_view item = text.substr(0, text.find(','));
      text.remove_prefix(std::min(item.size() + 1, text.size()));
      if (!read_field(item, field.emplace_back())) return false;
    }
    return true;
  }
}

/// The options as facts: `options.width` is `16`.
template <DescribedOptions Options>
Identity options_identity(const Options& options) {
  Identity identity;
  if constexpr (!std::is_empty_v<Options>) {
    Options::for_each_field(options, [&](std::string_view name, const auto& field) {
      identity.set(fmt::format("options.{}", name), field_text(field));
    });
  }
  return identity;
}

/// The options of such facts. *Throws* std::runtime_error that names what is missing or wrong.
template <DescribedOptions Options>
Options options_from(const Identity& identity) {
  Options options;
  if constexpr (!std::is_empty_v<Options>) {
    Options::for_each_field(options, [&](std::string_view name, auto& field) {
      const std::string* const text = identity.find(fmt::format("options.{}", name));
      if (text != nullptr && read_field(*text, field)) return;
      throw std::runtime_error(
          fmt::format("the network's option '{}' is {}", name,
                      text == nullptr ? "missing" : fmt::format("'{}'", *text)));
    });
  }
  return options;
}

}  // namespace detail

}  // namespace interchoice
