#pragma once

// Work in a process of its own that may be struck down in the middle of it.

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "faults/fault_plan.h"

namespace interchoice::testing {

/// A plan in memory that children share with this process.
class SharedPlan {
 public:
  SharedPlan()
      : plan_(static_cast<FaultPlan*>(::mmap(nullptr, sizeof(FaultPlan), PROT_READ | PROT_WRITE,
                                             MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (plan_ == MAP_FAILED) throw std::runtime_error("no shared memory for a fault plan");
  }
  SharedPlan(const SharedPlan&) = delete;
  SharedPlan& operator=(const SharedPlan&) = delete;
  ~SharedPlan() { ::munmap(plan_, sizeof(FaultPlan)); }

  /// What is to happen to the next child: nothing for the number 0.
  void set(const std::filesystem::path& folder, int number = 0, int kind = 0) {
    if (folder.string().size() >= sizeof plan_->folder) {
      throw std::runtime_error("the folder's name is too long for a fault plan");
    }
    std::strcpy(plan_->folder, folder.c_str());
    plan_->calls = 0;
    plan_->number = number;
    plan_->kind = kind;
  }

  const FaultPlan* operator->() const { return plan_; }
  FaultPlan* get() const { return plan_; }

 private:
  FaultPlan* plan_;
};

/// How a child ended.
struct Ending {
  int exit_code = 0;  ///< 0: the work was done, 1: it threw, with the message
  int signal = 0;     ///< that ended it, 0 for none
  std::string message;
};

/// Does the work in a child that follows the plan, and waits for its end; kills it after `delay`.
inline Ending in_child(const std::function<void()>& work, FaultPlan* plan = nullptr,
                       std::optional<std::chrono::microseconds> delay = {}) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe failed");
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    ::close(ends[0]);
    std::string message;
    int code = 0;
    try {
      interchoice_follow_fault_plan(plan);
      work();
    } catch (const std::exception& error) {
      message = error.what();
      code = 1;
    }
    interchoice_follow_fault_plan(nullptr);
    if (::write(ends[1], message.data(), message.size()) < 0) code = 3;
    ::_exit(code);
  }
  ::close(ends[1]);
  if (delay) {
    std::this_thread::sleep_for(*delay);
    ::kill(child, SIGKILL);
  }
  Ending ending;
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    ending.message.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) ending.signal = WTERMSIG(status);
  if (WIFEXITED(status)) ending.exit_code = WEXITSTATUS(status);
  return ending;
}

}  // namespace interchoice::testing
