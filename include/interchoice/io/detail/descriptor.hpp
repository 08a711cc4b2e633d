#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>

namespace interchoice::detail {

/// An open file, closed with the object. Never one of the numbers 0 to 2: in a process whose
/// standard streams are closed, what the program prints would land in it.
class Descriptor {
 public:
  Descriptor() = default;

  /// Not open where the system refuses; `errno` then says why.
  Descriptor(const std::filesystem::path& path, int flags) {
    do {
      number_ = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    } while (number_ < 0 && errno == EINTR);
    if (number_ < 0 || number_ > STDERR_FILENO) return;
    const int low = std::exchange(number_, ::fcntl(number_, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    const int error = errno;
    ::close(low);
    errno = error;
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }

  /// Whether all bytes were written; else `errno` says why not, and some of them may be.
  bool write(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(number_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written == 0) errno = ENOSPC;
      if (written <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
  }

  /// Whether everything that was written has reached the disk.
  bool flush() const {
    while (::fsync(number_) != 0) {
      if (errno != EINTR) return false;
    }
    return true;
  }

  /// Whether the system had nothing to report at the end. Closed it is in any case.
  bool close() { return number_ < 0 || ::close(std::exchange(number_, -1)) == 0 || errno == EINTR; }

 private:
  int number_ = -1;
};

}  // namespace interchoice::detail
