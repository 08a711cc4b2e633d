#pragma once

#include <atomic>
#include <csignal>

namespace interchoice {

/// Ctrl-C as a request: while it lives, the first SIGINT or SIGTERM is noted instead of ending the
/// program, a second one ends it as usual. The former handlers come back with its end.
///
///   InterruptRequest interrupt;
///   train(..., {.stop = [&] { return interrupt.requested(); }}, ...);
///
/// One at a time; made by programs, never by the library.
class InterruptRequest {
 public:
  InterruptRequest() {
    flag().store(false);
    former_interrupt_ = std::signal(SIGINT, note);
    former_terminate_ = std::signal(SIGTERM, note);
  }
  ~InterruptRequest() {
    std::signal(SIGINT, former_interrupt_);
    std::signal(SIGTERM, former_terminate_);
  }
  InterruptRequest(const InterruptRequest&) = delete;
  InterruptRequest& operator=(const InterruptRequest&) = delete;

  bool requested() const { return flag().load(); }

 private:
  // A signal handler can reach nothing but static storage.
  static std::atomic<bool>& flag() {
    static std::atomic<bool> requested{false};
    return requested;
  }
  static void note(int signal) {
    flag().store(true);
    std::signal(signal, SIG_DFL);
  }

  void (*former_interrupt_)(int) = nullptr;
  void (*former_terminate_)(int) = nullptr;
};

}  // namespace interchoice
