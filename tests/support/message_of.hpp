#pragma once

#include <algorithm>
#include <exception>
#include <string>

/// The message of the exception that a call throws; empty if it throws none.
template <class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

/// Whether a message can be shown on a terminal, whatever the file it is about holds: it is there,
/// short, and has no control character.
inline bool is_presentable(const std::string& message) {
  return !message.empty() && message.size() <= 1'500 &&
         std::ranges::none_of(message, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}
