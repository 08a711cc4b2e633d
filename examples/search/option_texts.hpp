#pragma once

// How options write names, numbers and columns of files: NAME=NUMBER, NAME=FILE:COLUMN.

#include <cmath>
#include <string>
#include <utility>

#include "examples/command_line.hpp"
#include "examples/number_options.hpp"

namespace examples {

/// "NAME=FILE:COLUMN" at its first equals sign; a file may have others in its name.
inline std::pair<std::string, std::string> cut_first(const std::string& text) {
  const auto place = text.find('=');
  if (place == std::string::npos || place == 0) {
    throw UsageError("'" + text + "': write NAME=FILE:COLUMN");
  }
  return {text.substr(0, place), text.substr(place + 1)};
}

/// "a:b:c" at its last colon; the file of a table may have colons itself.
inline std::pair<std::string, std::string> cut_last(const std::string& text, char at,
                                                    const std::string& form) {
  const auto place = text.rfind(at);
  if (place == std::string::npos || place == 0 || place + 1 == text.size()) {
    throw UsageError("'" + text + "': write " + form);
  }
  return {text.substr(0, place), text.substr(place + 1)};
}

/// "NAME=NUMBER", a finite one.
inline std::pair<std::string, double> name_and_number(const std::string& text) {
  const auto [name, number] = cut_last(text, '=', "NAME=NUMBER");
  double value = 0;
  if (!detail::parse_number(number, value) || !std::isfinite(value)) {
    throw UsageError("'" + text + "': write NAME=NUMBER, a finite number");
  }
  return {name, value};
}

}  // namespace examples
