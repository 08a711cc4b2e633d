#pragma once

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "interchoice/io/detail/descriptor.hpp"

namespace interchoice {

/// A regular file open for reading, whose size is known before anything is allocated for it.
///
/// *Throws*: every member `std::runtime_error` with the path and the reason.
class InputFile {
 public:
  // O_NONBLOCK: to open a pipe would wait for its writer.
  explicit InputFile(std::filesystem::path path)
      : path_(std::move(path)), file_(path_, O_RDONLY | O_NONBLOCK) {
    if (!file_.is_open() && errno == ENOENT) fail("there is no such file");
    if (!file_.is_open()) fail_because("cannot be opened for reading", errno);
    struct stat found {};
    if (::fstat(file_.number(), &found) != 0) fail_because("cannot be looked at", errno);
    if (!S_ISREG(found.st_mode)) fail("is not a regular file");
    size_ = static_cast<std::uint64_t>(found.st_size);
  }

  /// The file's path, as it was given.
  const std::filesystem::path& path() const { return path_; }

  /// *Units*: bytes.
  std::uint64_t size() const { return size_; }

  /// Reads exactly `count` bytes that begin `offset` bytes into the file.
  void read(std::uint64_t offset, void* into, std::size_t count) const {
    if (offset > size_ || count > size_ - offset) {
      fail(fmt::format("has {} bytes; {} are needed from byte {} on", size_, count, offset));
    }
    auto* bytes = static_cast<std::byte*>(into);
    while (count > 0) {
      const ssize_t got = ::pread(file_.number(), bytes, count, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail_because(fmt::format("reading from byte {} on failed", offset), errno);
      if (got == 0) fail(fmt::format("ends at byte {}; was the file cut meanwhile?", offset));
      bytes += got;
      offset += static_cast<std::uint64_t>(got);
      count -= static_cast<std::size_t>(got);
    }
  }

  /// The whole file as text, which may have `most` bytes.
  std::string text(std::uint64_t most = std::numeric_limits<std::int64_t>::max()) const {
    if (size_ > most) {
      fail(fmt::format("has {} bytes; at most {} are read", size_, most));
    }
    std::string text(size_, '\0');
    read(0, text.data(), text.size());
    return text;
  }

  /// The whole file.
  std::vector<std::uint8_t> read_all() const {
    std::vector<std::uint8_t> bytes(size_);
    read(0, bytes.data(), bytes.size());
    return bytes;
  }

 private:
  [[noreturn]] void fail_because(const std::string& problem, int error) const {
    fail(fmt::format("{}: {}", problem, std::generic_category().message(error)));
  }
  [[noreturn]] void fail(const std::string& reason) const {
    throw std::runtime_error(fmt::format("interchoice: {}: {}", path_.string(), reason));
  }

  std::filesystem::path path_;
  detail::Descriptor file_;
  std::uint64_t size_ = 0;
};

}  // namespace interchoice
