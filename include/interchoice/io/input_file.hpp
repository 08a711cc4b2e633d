#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace interchoice {

/// A regular file open for reading, whose size is known before anything is allocated for it.
///
/// *Throws*: every member `std::runtime_error` with the path and the reason.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code error;
    const auto status = std::filesystem::status(path_, error);
    if (status.type() == std::filesystem::file_type::not_found) fail("there is no such file");
    if (status.type() == std::filesystem::file_type::none) fail(error.message());
    if (!std::filesystem::is_regular_file(status)) fail("is not a regular file");
    stream_.open(path_, std::ios::binary);
    if (!stream_) fail("cannot be opened for reading; check its permissions");
    stream_.seekg(0, std::ios::end);
    const std::streamoff end = stream_.tellg();
    if (!stream_ || end < 0) fail("its size cannot be found out");
    size_ = static_cast<std::uint64_t>(end);
  }

  const std::filesystem::path& path() const { return path_; }

  /// *Units*: bytes.
  std::uint64_t size() const { return size_; }

  /// Reads exactly `count` bytes that begin `offset` bytes into the file.
  void read(std::uint64_t offset, void* into, std::size_t count) {
    if (offset > size_ || count > size_ - offset) {
      fail(fmt::format("has {} bytes; {} are needed from byte {} on", size_, count, offset));
    }
    stream_.seekg(static_cast<std::streamoff>(offset));
    stream_.read(static_cast<char*>(into), static_cast<std::streamsize>(count));
    if (!stream_) {
      fail(fmt::format("reading {} bytes from byte {} on failed; was the file cut meanwhile?",
                       count, offset));
    }
  }

  /// The whole file as text.
  std::string text() {
    std::string text(size_, '\0');
    read(0, text.data(), text.size());
    return text;
  }

  /// The whole file.
  std::vector<std::uint8_t> read_all() {
    std::vector<std::uint8_t> bytes(size_);
    read(0, bytes.data(), bytes.size());
    return bytes;
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw std::runtime_error(fmt::format("interchoice: {}: {}", path_.string(), reason));
  }

  std::filesystem::path path_;
  std::ifstream stream_;
  std::uint64_t size_ = 0;
};

}  // namespace interchoice
