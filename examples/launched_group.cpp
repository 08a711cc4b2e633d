// Compiled once for all programs: libtorch's headers of process groups take long.

#include "examples/launched_group.hpp"

#include <c10/util/Logging.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include "interchoice/distributed/group_error.hpp"
#include "interchoice/distributed/launcher.hpp"
#if defined(INTERCHOICE_HAS_DISTRIBUTED)
#include "interchoice/distributed/join_group.hpp"
#endif

namespace examples {

namespace {

ic::GroupOptions launcher_options() {
  try {
    return ic::Launcher::options();
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

#if defined(INTERCHOICE_HAS_DISTRIBUTED)

/// Standard output and error of this rank go to its log. A copy of the terminal's.
int redirect(const std::filesystem::path& log) {
  std::error_code error;
  std::filesystem::create_directories(log.parent_path(), error);
  std::fflush(stdout);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  const int terminal = ::fcntl(2, F_DUPFD_CLOEXEC, 3);
  if (file < 0 || ::dup2(file, 1) < 0 || ::dup2(file, 2) < 0) {
    throw std::runtime_error(fmt::format("{}: cannot be opened for writing: {}", log.string(),
                                         std::generic_category().message(errno)));
  }
  ::close(file);
  return terminal;
}

/// Ends a rank that has failed so that nothing can hold it up. Which rank says it: the first, or
/// the second where it is the first that is gone.
void end_failed(const ic::Group& group, int terminal, const std::exception& error,
                const std::string& message, int code) {
  const bool is_cause = dynamic_cast<const ic::GroupError*>(&error) == nullptr;
  if (is_cause) group.fail(error_text(error));
  if (group.rank() == 1 && terminal >= 0) {
    std::optional<std::string> fate;
    try {
      fate = group.fate(0);
    } catch (const std::exception&) {
      fate = "cannot be reached";
    }
    if (fate && !fate->starts_with("failed")) {
      static_cast<void>(!::write(terminal, message.data(), message.size()));
    }
  }
  // Whoever finds this rank gone is to learn of the first cause.
  if (!is_cause) group.fail(error_text(error));
  // It keeps the store, in which the others look for what has become of whom.
  if (group.is_first()) std::this_thread::sleep_for(std::chrono::seconds(2));
  std::fflush(nullptr);
  ::_exit(code);
}

#endif

}  // namespace

std::size_t launched_ranks() { return launcher_options().size; }
std::size_t launched_local_rank() { return launcher_options().local_rank; }

ic::Group join_launched_group([[maybe_unused]] const std::string& out) {
  const ic::GroupOptions options = launcher_options();
  if (options.size == 1) return {};
#if defined(INTERCHOICE_HAS_DISTRIBUTED)
  // What libtorch says of connections comes in a hundred lines; errors say it in one.
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
  const ic::Group group = ic::join_group(options);
  int terminal = -1;
  if (options.rank > 0) terminal = redirect(fmt::format("{}.ranks/rank-{}.log", out, options.rank));
  on_failure() = [group, terminal](const std::exception& error, const std::string& message,
                                   int code) { end_failed(group, terminal, error, message, code); };
  return group;
#else
  throw UsageError(
      fmt::format("{} ranks were started, but this build of the program has no "
                  "interchoice::distributed; start it alone",
                  options.size));
#endif
}

}  // namespace examples
