#pragma once

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace interchoice {

/// A claim on a piece of work that processes share out: one of them holds a file's lock at a time.
///
/// The lock ends with the object, and with the process however that ends, so that nobody has to
/// clear up behind one that was killed. The file is made where there is none; its content is never
/// touched. Locks bind those who ask for them only, and are reliable on a local disk.
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

  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  static std::optional<FileLock> acquire(const std::filesystem::path& path, int operation) {
    FileLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (lock.descriptor_ < 0) fail(path, "cannot open this lock file");
    while (::flock(lock.descriptor_, operation) != 0) {
      if (errno == EWOULDBLOCK) return {};
      if (errno != EINTR) fail(path, "cannot lock this file");
    }
    return lock;
  }

  [[noreturn]] static void fail(const std::filesystem::path& path, const char* problem) {
    throw std::runtime_error(fmt::format("interchoice: {}: {}: {}", path.string(), problem,
                                         std::generic_category().message(errno)));
  }

  int descriptor_;
};

}  // namespace interchoice
