#pragma once

// The shared data folder: real data sets and recorded numbers that are too large for the
// repository. A test that needs it is tagged [shared]. CTest runs those tests apart from the others
// and reports them as skipped where the folder is absent.

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>

namespace interchoice::testing {

/// The folder named by the environment variable INTERCHOICE_SHARED, else `shared` beside the source
/// tree; nothing where neither exists.
inline std::optional<std::filesystem::path> find_shared_data() {
  if (const char* named = std::getenv("INTERCHOICE_SHARED"); named != nullptr && *named != '\0') {
    return std::filesystem::path(named);
  }
#ifdef INTERCHOICE_SOURCE_DIR
  const std::filesystem::path beside =
      std::filesystem::path(INTERCHOICE_SOURCE_DIR).parent_path() / "shared";
  if (std::filesystem::is_directory(beside / "data")) return beside;
#endif
  return std::nullopt;
}

/// The shared folder (it holds `data/` and `fixtures/`), for a test tagged [shared].
/// *Throws* std::runtime_error where it is absent; CTest never gets that far.
inline std::filesystem::path shared_data() {
  if (const auto found = find_shared_data()) return *found;
  throw std::runtime_error(
      "the shared data folder is absent; set INTERCHOICE_SHARED to it, or leave out the tests "
      "tagged [shared]");
}

}  // namespace interchoice::testing
