#pragma once

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "interchoice/io/detail/descriptor.hpp"
#include "interchoice/io/detail/short_name.hpp"

namespace interchoice {

/// A claim on a file, a folder or a piece of work that processes share out: one of them has it at a
/// time.
///
/// What is locked is a file beside `path` with `.lock` behind its name, which the lock makes and
/// removes; `path` itself need not exist. The lock ends with the object, and with the process
/// however that ends: the file that a killed process leaves locks nothing, and the next holder
/// removes it. Locks bind those who ask for them only, and are reliable on a local disk.
///
/// *Throws*: `std::runtime_error` with path and reason if the file cannot be opened or locked.
class FileLock {
 public:
  /// The lock, unless another process, or another lock of this one, holds it.
  static std::optional<FileLock> try_acquire(const std::filesystem::path& path) {
    return acquire(path, LOCK_EX | LOCK_NB);
  }

  /// The lock, as soon as nobody else holds it.
  static FileLock wait(const std::filesystem::path& path) { return *acquire(path, LOCK_EX); }

  /// The lock. *Throws* also where another process holds it.
  static FileLock require(const std::filesystem::path& path) {
    if (auto lock = try_acquire(path)) return std::move(*lock);
    throw std::runtime_error(fmt::format(
        "interchoice: {}: another process is using it; wait for that, or give another name",
        path.string()));
  }

  FileLock(FileLock&& other) noexcept = default;
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(file_, other.file_);
    return *this;
  }
  ~FileLock() {
    if (file_.is_open()) ::unlink(path_.c_str());
  }

 private:
  FileLock(std::filesystem::path path, detail::Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  static std::optional<FileLock> acquire(const std::filesystem::path& path, int operation) {
    const auto file_path = path.parent_path() / (detail::short_name(path) + ".lock");
    for (;;) {
      detail::Descriptor file(file_path, O_RDWR | O_CREAT | O_NOFOLLOW);
      if (!file.is_open()) fail(file_path, "cannot open this lock file");
      while (::flock(file.number(), operation) != 0) {
        if (errno == EWOULDBLOCK) return {};
        if (errno != EINTR) fail(file_path, "cannot lock this file");
      }
      // The holder before may have removed it meanwhile; then another one has that name.
      struct stat own {};
      struct stat named {};
      if (::fstat(file.number(), &own) == 0 && ::stat(file_path.c_str(), &named) == 0 &&
          own.st_ino == named.st_ino && own.st_dev == named.st_dev) {
        return FileLock(file_path, std::move(file));
      }
    }
  }

  [[noreturn]] static void fail(const std::filesystem::path& path, const char* problem) {
    throw std::runtime_error(fmt::format("interchoice: {}: {}: {}", path.string(), problem,
                                         std::generic_category().message(errno)));
  }

  std::filesystem::path path_;
  detail::Descriptor file_;
};

}  // namespace interchoice
