#include "interchoice/io/file_lock.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;

namespace {

/// A process that holds a lock until it is killed. The pipe says when it has it.
class Holder {
 public:
  explicit Holder(const std::filesystem::path& path) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe failed");
    process_ = ::fork();
    if (process_ == 0) {
      const auto lock = ic::FileLock::try_acquire(path);
      const char answer = lock ? 'y' : 'n';
      if (::write(ends[1], &answer, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(ends[1]);
    char answer = '?';
    if (::read(ends[0], &answer, 1) != 1) answer = '?';
    ::close(ends[0]);
    has_lock_ = answer == 'y';
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { kill(); }

  bool has_lock() const { return has_lock_; }
  void kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }

 private:
  pid_t process_ = -1;
  bool has_lock_ = false;
};

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a file's lock is held once, ends with its object and moves with it") {
  const ic::testing::TemporaryFolder folder;
  const auto path = folder / "work";
  {
    auto lock = ic::FileLock::try_acquire(path);
    REQUIRE(lock);
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(std::filesystem::exists(folder / "work.lock"));
    CHECK_FALSE(ic::FileLock::try_acquire(path));
    CHECK(ic::FileLock::try_acquire(folder / "other"));
    ic::FileLock moved = std::move(*lock);
    lock.reset();
    CHECK_FALSE(ic::FileLock::try_acquire(path));
    auto second = ic::FileLock::try_acquire(folder / "second");
    REQUIRE(second);
    moved = std::move(*second);
    second.reset();  // what was swapped out of `moved` ends here
    CHECK(ic::FileLock::try_acquire(path));
    CHECK_FALSE(ic::FileLock::try_acquire(folder / "second"));
  }
  CHECK(ic::FileLock::try_acquire(path));
  CHECK(ic::FileLock::try_acquire(folder / "second"));
  { const ic::FileLock waited = ic::FileLock::wait(path); }
  CHECK(ic::FileLock::try_acquire(path));
  CHECK(std::filesystem::is_empty(folder.path()));  // what was made is removed
}

TEST_CASE("a lock that is required is there, or the error says who has it") {
  const ic::testing::TemporaryFolder folder;
  const auto lock = ic::FileLock::require(folder / "out");
  CHECK_THROWS_WITH(ic::FileLock::require(folder / "out"),
                    Contains("out: another process is using it; wait for that"));
}

TEST_CASE("processes that make and remove one lock in turn never hold it together") {
  const ic::testing::TemporaryFolder folder;
  const auto counter = folder.write("counter", "0");
  std::vector<pid_t> children;
  for (int process = 0; process < 4; ++process) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (int round = 0; round < 200; ++round) {
        const ic::FileLock lock = ic::FileLock::wait(counter);
        const int value = std::stoi(contents(counter));
        std::ofstream(counter) << value + 1;
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  CHECK(contents(counter) == "800");
}

TEST_CASE("a lock never touches what its file holds") {
  const ic::testing::TemporaryFolder folder;
  const auto path = folder.write("result", "92.5\n");
  const auto lock = ic::FileLock::try_acquire(path);
  CHECK(lock);
  CHECK(contents(path) == "92.5\n");
}

TEST_CASE("another process's lock is respected and ends when it is killed") {
  const ic::testing::TemporaryFolder folder;
  const auto path = folder / "work";
  Holder holder(path);
  REQUIRE(holder.has_lock());
  CHECK_FALSE(ic::FileLock::try_acquire(path));
  Holder late(path);
  CHECK_FALSE(late.has_lock());
  holder.kill();
  CHECK(ic::FileLock::try_acquire(path));
  {
    const ic::FileLock own = ic::FileLock::wait(path);
    Holder refused(path);
    CHECK_FALSE(refused.has_lock());
  }
  Holder next(path);
  CHECK(next.has_lock());
}

TEST_CASE("a lock that cannot be made is refused with path and reason") {
  const ic::testing::TemporaryFolder folder;
  CHECK_THROWS_AS(ic::FileLock::try_acquire(folder / "no/such/folder"), std::runtime_error);
  CHECK_THROWS_WITH(ic::FileLock::wait(folder / "no/such/folder"),
                    Contains("no/such/folder.lock: cannot open this lock file: No such file"));
  std::filesystem::create_directory(folder / "taken.lock");
  CHECK_THROWS_WITH(ic::FileLock::try_acquire(folder / "taken"), Contains("Is a directory"));
}
