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
    noted().store(0);
    former_interrupt_ = std::signal(SIGINT, note);
    former_terminate_ = std::signal(SIGTERM, note);
  }
  ~InterruptRequest() {
    std::signal(SIGINT, former_interrupt_);
    std::signal(SIGTERM, former_terminate_);
  }
  InterruptRequest(const InterruptRequest&) = delete;
  InterruptRequest& operator=(const InterruptRequest&) = delete;

  /// Whether a signal has come.
  bool requested() const { return signal() != 0; }

  /// The number of the signal, SIGINT or SIGTERM; 0 before there is one. Programs that it ends exit
  /// with 128 + this number, as shells do.
  int signal() const { return noted().load(); }

 private:
  // A signal handler can reach nothing but static storage.
  static std::atomic<int>& noted() {
    static std::atomic<int> number{0};
    static_assert(std::atomic<int>::is_always_lock_free);
    return number;
  }
  static void note(int number) {
    noted().store(number);
    std::signal(number, SIG_DFL);
  }

  void (*former_interrupt_)(int) = nullptr;
  void (*former_terminate_)(int) = nullptr;
};

}  // namespace interchoice
