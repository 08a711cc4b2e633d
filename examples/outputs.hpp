#pragma once

// What a command writes, claimed before its work: a mistake in a name must not cost a training.

#include <fmt/core.h>

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "examples/command_line.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/file_lock.hpp"

namespace examples {

namespace ic = interchoice;

/// The files of a command. Paths that are empty are of options that are not given.
struct CommandFiles {
  struct File {
    std::string option;
    std::filesystem::path path;
    bool locks_itself = false;  ///< whether that is done by what writes it
  };
  struct Folder {
    std::string option;
    std::filesystem::path path;
    std::vector<std::string> files;  ///< names of those that it will have
  };
  std::vector<File> outputs = {};
  std::vector<Folder> folders = {};  ///< of outputs
  std::vector<File> inputs = {};
};

/// The files that `write_report` writes.
inline const std::vector<std::string> kReportFiles{"report.html",
                                                   "improvement.vl.json",
                                                   "correlation.vl.json",
                                                   "predictions.vl.json",
                                                   "training.vl.json",
                                                   "agreement.vl.json",
                                                   "self-consistency.vl.json",
                                                   "metrics.csv",
                                                   "metrics.json",
                                                   "predictions.csv",
                                                   "curves.csv"};

namespace detail {

/// A path as it is compared: links are followed, as far as it exists.
inline std::filesystem::path resolved(const std::filesystem::path& path) {
  std::error_code error;
  // Absolute first: a relative path of which nothing exists would stay what it is.
  const std::filesystem::path absolute = std::filesystem::absolute(path);
  std::filesystem::path full = std::filesystem::weakly_canonical(absolute, error);
  if (error || full.empty()) full = absolute.lexically_normal();
  return full.has_filename() ? full : full.parent_path();  // "folder/" is "folder"
}

inline bool are_same(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;  // hard links
  return resolved(a) == resolved(b) || std::filesystem::equivalent(a, b, error);
}

}  // namespace detail

/// *Throws* UsageError if a command writes a file twice, or one that it reads.
inline void require_different(const CommandFiles& files) {
  std::vector<CommandFiles::File> all = files.outputs;
  for (const auto& folder : files.folders) {
    all.push_back({folder.option, folder.path});
    for (const auto& name : folder.files) all.push_back({folder.option, folder.path / name});
  }
  std::erase_if(all, [](const auto& file) { return file.path.empty(); });
  const std::size_t outputs = all.size();
  all.insert(all.end(), files.inputs.begin(), files.inputs.end());
  for (std::size_t i = 0; i < outputs; ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if (all[j].path.empty() || !detail::are_same(all[i].path, all[j].path)) continue;
      throw UsageError(fmt::format("{} and {} are the same file, {}; name another one",
                                   all[i].option, all[j].option, all[i].path.string()));
    }
  }
}

/// The right to write a command's files, from before its work until its end; of several ranks the
/// first has it.
///
/// Folders are made. *Throws* UsageError if two of the files are one, however they are spelled,
/// std::runtime_error with path and reason if one cannot be written, or if another process has it.
class Outputs {
 public:
  explicit Outputs(const CommandFiles& files, bool is_first = true) {
    require_different(files);
    if (!is_first) return;
    for (const auto& folder : files.folders) {
      std::error_code error;
      std::filesystem::create_directories(folder.path, error);
      if (error) {
        throw std::runtime_error(
            fmt::format("{}: cannot make this folder: {}", folder.path.string(), error.message()));
      }
      for (const auto& name : folder.files) ic::require_writable(folder.path / name);
      // Its lock is in the folder: the one around it may not be writable.
      locks_.push_back(ic::FileLock::require(detail::resolved(folder.path) / ""));
    }
    for (const auto& file : files.outputs) {
      if (file.path.empty()) continue;
      ic::require_writable(file.path);
      if (file.locks_itself) continue;
      locks_.push_back(ic::FileLock::require(detail::resolved(file.path)));
    }
  }

 private:
  std::vector<ic::FileLock> locks_;
};

}  // namespace examples
