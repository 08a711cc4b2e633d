#pragma once

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace interchoice {

/// A file that is either written completely or not at all.
///
/// The bytes go to a temporary file in the same folder; `commit` flushes it to the disk and renames
/// it to its name in one step. Until then readers of the name find the file that was there before,
/// and a crash, a full disk or an exception leaves that untouched. Without `commit` the destructor
/// removes the temporary file.
///
/// A file that exists is replaced (a symbolic link itself, not its target) and the new one
/// has the permissions of any new file. POSIX only.
///
/// *Throws*: the constructor, `write` and `commit` `std::runtime_error` with the path, the
/// operation and the system's reason; the temporary file is gone then.
class AtomicFile {
 public:
  /// Opens a temporary file beside `path`, whose folder must exist.
  explicit AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
    if (!path_.has_filename()) fail("it names no file; add a file name");
    int error = EEXIST;
    for (int number = 0; error == EEXIST; ++number) {  // another writer's, or a killed process's
      std::filesystem::path temporary =
          path_.parent_path() /
          fmt::format(".{}.{}-{}.tmp", path_.filename().string(), ::getpid(), number);
      descriptor_ = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      error = descriptor_ < 0 ? errno : 0;
      if (error == 0) temporary_ = std::move(temporary);
    }
    if (error != 0) fail_because("open a temporary file beside it", error);
  }

  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  ~AtomicFile() { discard(); }

  /// Appends the bytes.
  void write(std::span<const std::byte> bytes) {
    require_open();
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail_because(fmt::format("write {} bytes", bytes.size()), errno);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  /// Appends the text as it is.
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  /// Gives the written bytes the file's name. Nothing can be written afterwards.
  void commit() {
    require_open();
    if (::fsync(descriptor_) != 0) fail_because("flush it to the disk", errno);
    if (::close(std::exchange(descriptor_, -1)) != 0) fail_because("close it", errno);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
      fail_because("rename it into place", errno);
    }
    temporary_.clear();
    flush_folder();
  }

 private:
  void require_open() {
    if (descriptor_ < 0) fail("it was committed or has failed before; open it again");
  }

  [[noreturn]] void fail_because(const std::string& operation, int error) {
    fail(fmt::format("could not {}: {}", operation, std::generic_category().message(error)));
  }

  [[noreturn]] void fail(const std::string& reason) {
    discard();
    throw std::runtime_error(
        fmt::format("interchoice: {}: cannot be written: {}", path_.string(), reason));
  }

  void discard() noexcept {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    temporary_.clear();
  }

  /// Makes the new name itself survive a power failure. The file is complete and in place already,
  /// and some file systems cannot flush a folder: no reason to report an error.
  void flush_folder() const {
    const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
  }

  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty when there is nothing to remove
  int descriptor_ = -1;
};

/// Writes the text to the file, completely or not at all (see `AtomicFile`).
///
/// *Throws*: `std::runtime_error` with the path, the operation and the system's reason.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace interchoice
