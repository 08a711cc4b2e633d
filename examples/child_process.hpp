#pragma once

// A process of the same program with more arguments, and the memory that it takes.

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace examples {

namespace detail {

/// The bytes of a line `NAME:  N kB` of a file in /proc; 0 where there is none.
inline std::uint64_t bytes_of(const std::filesystem::path& file, std::string_view name) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name)) return 1024 * std::stoull(line.substr(name.size()));
  }
  return 0;
}

/// Pointers to the texts, as the system's calls want them. The texts must outlive it.
inline std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// The command line of this process.
inline std::vector<std::string> own_command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

/// The environment of this process, but with one thread for OpenMP.
inline std::vector<std::string> environment_of_one_thread() {
  std::vector<std::string> variables{"OMP_NUM_THREADS=1"};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("OMP_NUM_THREADS=")) {
      variables.emplace_back(*variable);
    }
  }
  return variables;
}

}  // namespace detail

/// The memory that processes can still get without swapping.
inline std::uint64_t available_memory() {
  return detail::bytes_of("/proc/meminfo", "MemAvailable:");
}

/// A process of this program with this process's command line and more arguments behind it.
///
/// It has one thread for OpenMP, no standard input, and appends what it prints to its log. It is in
/// a process group of its own, so that Ctrl-C reaches it once, through its parent, and it gets
/// SIGTERM if its parent is killed. With the object it is sent SIGTERM and waited for.
class ChildProcess {
 public:
  /// *Throws* std::runtime_error if the log cannot be opened or the process not be made.
  ChildProcess(const std::vector<std::string>& more_arguments, const std::filesystem::path& log) {
    std::vector<std::string> command = detail::own_command_line();
    command.insert(command.end(), more_arguments.begin(), more_arguments.end());
    std::vector<std::string> variables = detail::environment_of_one_thread();
    const std::vector<char*> arguments = detail::pointers_to(command);
    const std::vector<char*> environment = detail::pointers_to(variables);
    const int output =
        ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (output < 0) fail(log, "cannot open this log", errno);
    // Not before the child has its own handlers back: this process would only note a signal.
    sigset_t all;
    sigset_t former;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &former);
    const pid_t parent = ::getpid();
    number_ = ::fork();
    if (number_ == 0) become(arguments, environment, output, parent, former);
    const int error = errno;
    ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
    ::close(output);
    if (number_ < 0) fail(log, "cannot start the process of this log", error);
  }

  ChildProcess(ChildProcess&& other) noexcept
      : number_(std::exchange(other.number_, -1)), code_(other.code_) {}
  ChildProcess& operator=(ChildProcess&& other) noexcept {
    std::swap(number_, other.number_);
    std::swap(code_, other.code_);
    return *this;
  }
  ~ChildProcess() {
    if (number_ < 0 || code_) return;
    send(SIGTERM);
    while (::waitpid(number_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  void send(int signal) const { ::kill(number_, signal); }

  /// As a shell shows it: 128 + the number of the signal that ended it. Nothing while it runs.
  std::optional<int> exit_code() {
    int status = 0;
    if (!code_ && ::waitpid(number_, &status, WNOHANG) == number_) {
      code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return code_;
  }

  /// The most memory that it had so far, without the files that processes share; 0 once it ended.
  std::uint64_t peak_memory() const {
    const std::string file = fmt::format("/proc/{}/status", number_);
    const std::uint64_t peak = detail::bytes_of(file, "VmHWM:");
    const std::uint64_t shared = detail::bytes_of(file, "RssFile:");
    return peak > shared ? peak - shared : 0;
  }

 private:
  // In the child of a process that may have threads: nothing but calls that are safe there.
  [[noreturn]] static void become(const std::vector<char*>& arguments,
                                  const std::vector<char*>& environment, int output, pid_t parent,
                                  const sigset_t& signals) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(128 + SIGTERM);
    ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGTERM, SIG_DFL);
    ::sigprocmask(SIG_SETMASK, &signals, nullptr);
    ::execve("/proc/self/exe", arguments.data(), environment.data());
    ::_exit(127);
  }

  [[noreturn]] static void fail(const std::filesystem::path& log, const char* problem, int error) {
    throw std::runtime_error(
        fmt::format("{}: {}: {}", log.string(), problem, std::generic_category().message(error)));
  }

  pid_t number_ = -1;
  std::optional<int> code_;
};

}  // namespace examples
