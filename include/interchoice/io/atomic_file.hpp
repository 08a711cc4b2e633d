#pragma once

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "interchoice/io/detail/descriptor.hpp"
#include "interchoice/io/detail/short_name.hpp"

namespace interchoice {

/// A file that is either written completely or not at all.
///
/// The bytes go to a temporary file in the same folder; `commit` flushes it to the disk and renames
/// it to its name in one step. Until then readers of the name find the file that was there before,
/// and a crash, a full disk or an exception leaves that untouched. Without `commit` the destructor
/// removes the temporary file; that of a process that was killed is removed by the next writer of
/// the name.
///
/// A regular file that exists is replaced, and the new one has the permissions of any new file.
/// Nothing else is: no link, device or pipe. POSIX only.
///
/// *Throws*: the constructor, `write`, `flush` and `commit` `std::runtime_error` with the path, the
/// operation and the system's reason; the temporary file is gone then.
class AtomicFile {
 public:
  /// Opens a temporary file beside `path`, whose folder must exist.
  explicit AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
    if (!path_.has_filename()) fail("it names no file; add a file name");
    require_replaceable();
    remove_abandoned();
    for (int number = 0; !file_.is_open(); ++number) {
      const auto name =
          path_.parent_path() / fmt::format("{}{}-{}.tmp", prefix(), ::getpid(), number);
      file_ = detail::Descriptor(name, O_WRONLY | O_CREAT | O_EXCL);
      if (!file_.is_open() && errno != EEXIST)
        fail_because("open a temporary file beside it", errno);
      if (file_.is_open() && !claim()) file_ = {};
      if (file_.is_open()) temporary_ = name;
    }
  }

  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  ~AtomicFile() { discard(); }

  /// Appends the bytes.
  void write(std::span<const std::byte> bytes) {
    require_open();
    if (!file_.write(bytes)) fail_because(fmt::format("write {} bytes", bytes.size()), errno);
  }

  /// Appends the text as it is.
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  /// Puts the written bytes on the disk. `commit` does so, too; several files that belong together
  /// are all flushed before the first is committed.
  void flush() {
    require_open();
    if (!file_.flush()) fail_because("flush it to the disk", errno);
  }

  /// Gives the written bytes the file's name. Nothing can be written afterwards.
  void commit() {
    flush();
    require_replaceable();
    // Still open, and so still locked: nobody takes it for abandoned.
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
      fail_because("rename it into place", errno);
    }
    temporary_.clear();
    file_.close();
    flush_folder();
  }

 private:
  std::string prefix() const { return '.' + detail::short_name(path_) + '.'; }

  void require_replaceable() {
    struct stat found {};
    if (::lstat(path_.c_str(), &found) != 0 || S_ISREG(found.st_mode)) return;
    fail(fmt::format("it is {}, and only a regular file is replaced; give another name",
                     S_ISDIR(found.st_mode)   ? "a folder"
                     : S_ISLNK(found.st_mode) ? "a symbolic link"
                                              : "a device, a pipe or a socket"));
  }

  // A lock says that a temporary file has a living writer, on whichever machine. False if another
  // process took it for abandoned before it had one.
  bool claim() const {
    if (::flock(file_.number(), LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
    struct stat own {};
    return ::fstat(file_.number(), &own) == 0 && own.st_nlink > 0;
  }

  // Removes temporary files of this name whose writers are gone.
  void remove_abandoned() const {
    std::error_code error;
    const auto folder = path_.has_parent_path() ? path_.parent_path() : ".";
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (!name.starts_with(prefix()) || !name.ends_with(".tmp")) continue;
      if (name.find_first_not_of("0123456789-", prefix().size()) + 4 != name.size()) continue;
      const detail::Descriptor file(entry->path(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      if (file.is_open() && ::flock(file.number(), LOCK_EX | LOCK_NB) == 0) {
        ::unlink(entry->path().c_str());
      }
    }
  }

  void require_open() {
    if (!file_.is_open()) fail("it was committed or has failed before; open it again");
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
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    temporary_.clear();
    file_.close();
  }

  /// Makes the new name itself survive a power failure. The file is complete and in place already,
  /// and some file systems cannot flush a folder: no reason to report an error.
  void flush_folder() const {
    const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
    const detail::Descriptor opened(folder, O_RDONLY | O_DIRECTORY);
    if (opened.is_open()) opened.flush();
  }

  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty when there is nothing to remove
  detail::Descriptor file_;
};

/// Writes the text to the file, completely or not at all (see `AtomicFile`).
///
/// *Throws*: `std::runtime_error` with the path, the operation and the system's reason.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

/// Finds out before the work whether its result can be written: makes a temporary file beside it
/// and removes it. A disk that is full by then, or a folder that is removed, is not foreseen.
///
/// *Throws*: `std::runtime_error` with path and reason.
inline void require_writable(const std::filesystem::path& path) { const AtomicFile file(path); }

}  // namespace interchoice
