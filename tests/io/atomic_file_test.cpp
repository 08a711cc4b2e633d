#include "interchoice/io/atomic_file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "support/catch.hpp"

namespace ic = interchoice;
namespace fs = std::filesystem;
using Catch::Matchers::Contains;

static_assert(!std::is_copy_constructible_v<ic::AtomicFile>);

namespace {

/// A folder of its own for one test, removed afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "interchoice-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { fs::remove_all(path_); }

  fs::path operator/(const std::string& name) const { return path_ / name; }

  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(path_)) names.insert(entry.path().filename());
    return names;
  }

 private:
  fs::path path_;
};

std::string content(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

using Names = std::set<std::string>;

}  // namespace

TEST_CASE("a committed file has all bytes, and replaces what was there") {
  const TemporaryFolder folder;
  const std::string large(3'000'000, 'x');
  ic::write_file_atomically(folder / "a", large);
  CHECK(content(folder / "a") == large);
  ic::write_file_atomically(folder / "a", std::string("b\0c\r\n", 5));
  CHECK(content(folder / "a") == std::string("b\0c\r\n", 5));
  ic::write_file_atomically(folder / "a", "");
  CHECK(fs::file_size(folder / "a") == 0);
  CHECK(folder.names() == Names{"a"});
}

TEST_CASE("a file without a folder in its name is written to the current one") {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder / "");
  CHECK_NOTHROW(ic::write_file_atomically("plain", "text"));
  fs::current_path(before);
  CHECK(content(folder / "plain") == "text");
}

TEST_CASE("until commit the old content stays, and without it nothing is left behind") {
  const TemporaryFolder folder;
  ic::write_file_atomically(folder / "a", "old");
  {
    ic::AtomicFile file(folder / "a");
    file.write("ne");
    CHECK(content(folder / "a") == "old");
    CHECK(folder.names().size() == 2);
  }
  CHECK(content(folder / "a") == "old");
  CHECK(folder.names() == Names{"a"});

  ic::AtomicFile file(folder / "a");
  file.write("ne");
  file.write("w");
  file.commit();
  CHECK(content(folder / "a") == "new");
  CHECK_THROWS_WITH(file.write("x"), Contains("committed"));
  CHECK_THROWS_AS(file.commit(), std::runtime_error);
  CHECK(content(folder / "a") == "new");
}

TEST_CASE("two writers of one name do not disturb each other: the last commit stays") {
  const TemporaryFolder folder;
  ic::AtomicFile first(folder / "a");
  ic::AtomicFile second(folder / "a");
  second.write("second");
  first.write("first");
  second.commit();
  CHECK(content(folder / "a") == "second");
  first.commit();
  CHECK(content(folder / "a") == "first");
  CHECK(folder.names() == Names{"a"});
}

TEST_CASE("a new file has the permissions that the process gives any file") {
  const TemporaryFolder folder;
  ic::write_file_atomically(folder / "a", "x");
  std::ofstream(folder / "b") << "x";
  CHECK(fs::status(folder / "a").permissions() == fs::status(folder / "b").permissions());
}

TEST_CASE("a file that cannot be written is an error with path and reason, and leaves nothing") {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& name) {
    ic::write_file_atomically(folder / name, "x");
  };
  CHECK_THROWS_AS(write("none/a"), std::runtime_error);
  CHECK_THROWS_WITH(write("none/a"), Contains((folder / "none/a").string()) &&
                                         Contains("cannot be written") &&
                                         Contains("No such file or directory"));
  CHECK_THROWS_WITH(write(""), Contains("names no file"));

  fs::create_directory(folder / "d");
  CHECK_THROWS_WITH(write("d"), Contains("it is a folder, and only a regular file is replaced"));
  CHECK(folder.names() == Names{"d"});

  std::ofstream(folder / "file") << "x";
  CHECK_THROWS_WITH(write("file/a"), Contains("Not a directory"));
}

TEST_CASE("a write that the system refuses half-way leaves the old file and nothing else") {
  const TemporaryFolder folder;
  ic::write_file_atomically(folder / "a", "old");
  // In a process of its own: the limit on a file's size stands in for a full disk.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit limit{1000, 1000};
    if (::signal(SIGXFSZ, SIG_IGN) == SIG_ERR || ::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(3);
    try {
      ic::write_file_atomically(folder / "a", std::string(5000, 'x'));
    } catch (const std::runtime_error& error) {
      ::_exit(std::string(error.what()).find("File too large") == std::string::npos ? 2 : 0);
    }
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(content(folder / "a") == "old");
  CHECK(folder.names() == Names{"a"});
}

TEST_CASE("only a regular file is replaced: no link, pipe or device") {
  const TemporaryFolder folder;
  std::ofstream(folder / "target") << "as before";
  fs::create_symlink(folder / "target", folder / "link");
  fs::create_symlink(folder / "absent", folder / "dangling");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  const auto write = [&](const fs::path& path) { ic::write_file_atomically(path, "x"); };
  CHECK_THROWS_WITH(write(folder / "link"), Contains("it is a symbolic link"));
  CHECK_THROWS_WITH(write(folder / "dangling"), Contains("it is a symbolic link"));
  CHECK_THROWS_WITH(write(folder / "pipe"), Contains("it is a device, a pipe or a socket"));
  CHECK_THROWS_WITH(write("/dev/null"), Contains("it is a device, a pipe or a socket"));
  CHECK(content(folder / "target") == "as before");
  CHECK(fs::is_fifo(folder / "pipe"));
  CHECK(fs::is_character_file("/dev/null"));
  CHECK(folder.names() == Names{"target", "link", "dangling", "pipe"});

  // One that comes between the beginning and the end.
  ic::AtomicFile late(folder / "late");
  fs::create_symlink(folder / "target", folder / "late");
  CHECK_THROWS_WITH(late.commit(), Contains("it is a symbolic link"));
  CHECK(content(folder / "target") == "as before");
}

TEST_CASE("a file's name may be as long as the file system allows") {
  const TemporaryFolder folder;
  const std::string name(255, 'n');
  ic::write_file_atomically(folder / name, "text");
  CHECK(content(folder / name) == "text");
  CHECK(folder.names() == Names{name});
  CHECK_THROWS_WITH(ic::write_file_atomically(folder / (name + "n"), "x"), Contains("too long"));
  CHECK(folder.names() == Names{name});
}

TEST_CASE("the temporary file of a writer that was killed goes with the next one, no other") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ic::AtomicFile file(folder / "a");
    file.write("half");
    ::kill(::getpid(), SIGKILL);
  }
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  REQUIRE(folder.names().size() == 1);
  std::ofstream(folder / ".a.notes.tmp") << "mine";
  std::ofstream(folder / ".b.12-0.tmp") << "of another name";
  const ic::AtomicFile living(folder / "a");
  CHECK(folder.names().size() == 3);
  ic::write_file_atomically(folder / "a", "whole");
  CHECK(folder.names().size() == 4);  // the living one's, too
  CHECK(content(folder / "a") == "whole");
}

TEST_CASE("whether a file can be written is known before it is") {
  const TemporaryFolder folder;
  CHECK_NOTHROW(ic::require_writable(folder / "a"));
  CHECK(folder.names().empty());
  CHECK_THROWS_WITH(ic::require_writable(folder / "none/a"), Contains("No such file or directory"));
  CHECK_THROWS_WITH(ic::require_writable("/dev/null"), Contains("only a regular file"));
}

TEST_CASE("files never take the numbers of closed standard streams") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    for (const int stream : {0, 1, 2}) ::close(stream);
    ic::AtomicFile file(folder / "a");
    file.write("text");
    std::fputs("progress", stderr);
    std::puts("results");
    std::fflush(stdout);
    file.commit();
    ::_exit(content(folder / "a") == "text" ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(content(folder / "a") == "text");
}
