#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace interchoice::detail {

/// The name of a file, cut where one made of it would not fit a file system (255 bytes, mostly).
inline std::string short_name(const std::filesystem::path& path) {
  constexpr std::size_t kMostBytes = 200;
  return path.filename().string().substr(0, kMostBytes);
}

}  // namespace interchoice::detail
