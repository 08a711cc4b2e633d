#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace interchoice {

/// A text out of a file or a command line as a message may show it: between quotes, cut at `most`
/// bytes (but within no UTF-8 character), and with `?` for control characters, which a terminal
/// would obey.
inline std::string shown(std::string_view text, std::size_t most = 80) {
  std::size_t length = std::min(text.size(), most);
  while (length < text.size() && length > 0 && (text[length] & 0xc0) == 0x80) --length;
  std::string result = fmt::format("'{}'", text.substr(0, length));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto byte = static_cast<unsigned char>(result[i]);
    if (byte < 0x20 || byte == 0x7f) result[i] = '?';
    // U+0080 to U+009F
    if (byte >= 0x80 && byte < 0xa0 && i > 0 && result[i - 1] == '\xc2') {
      result[--i] = '?';
      result.erase(i + 1, 1);
    }
  }
  if (length < text.size()) result += fmt::format("... ({} bytes)", text.size());
  return result;
}

}  // namespace interchoice
