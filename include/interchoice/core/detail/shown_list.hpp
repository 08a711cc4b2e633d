#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <string>

#include "interchoice/core/shown.hpp"

namespace interchoice::detail {

/// The first texts of a list as a message may show them, and how many more there are: `'a', 'b'`,
/// `'a', … and 12 more`; `none` of an empty list.
template <class Texts>
std::string shown_list(const Texts& texts) {
  constexpr std::size_t kMost = 10;
  std::string list;
  std::size_t count = 0;
  for (const auto& text : texts) {
    if (++count <= kMost) list += fmt::format("{}{}", list.empty() ? "" : ", ", shown(text, 40));
  }
  if (count > kMost) list += fmt::format(" and {} more", count - kMost);
  return list.empty() ? "none" : list;
}

}  // namespace interchoice::detail
