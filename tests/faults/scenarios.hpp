#pragma once

// What the library writes, as pairs of "it was written once" and "it is being replaced".

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace interchoice::testing {

/// What a folder may hold after `second` did not come to its end.
enum class Between {
  kOldOrNew,   ///< the old content or the new one
  kPrefix,     ///< the old content and some of the new lines
  kGoesOn,     ///< anything from which `second` comes to the same end
  kMayRefuse,  ///< the old content, the new one, or nothing that a reader takes
};

struct Scenario {
  std::string name;
  Between between = Between::kOldOrNew;
  /// Writes the old content into an empty folder.
  std::function<void(const std::filesystem::path& folder)> first;
  /// Replaces it; a call after one that was cut off finishes the work.
  std::function<void(const std::filesystem::path& folder)> second;
  /// All that a reader gets from the folder, as text. *Throws* what the reader throws. With
  /// `exactly` also what differs from run to run (seconds).
  std::function<std::string(const std::filesystem::path& folder, bool exactly)> content;
  /// The files in which every damage has to be noticed.
  std::vector<std::string> guarded_files = {};
};

std::vector<Scenario> scenarios();

}  // namespace interchoice::testing
