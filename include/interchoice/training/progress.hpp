#pragma once

#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>

namespace interchoice {

/// The state of a long task, as the library reports it.
struct Progress {
  std::size_t done;   ///< steps finished
  std::size_t total;  ///< steps in all
  std::string state;  ///< a short text, such as "epoch 3/20 loss 1.234"
  bool is_milestone;  ///< worth a line of its own where output is kept (an epoch's end, say)
  /// Of the finished steps, those that were so when this process began; they took it no time.
  std::size_t before = 0;
};

/// The seconds that a task has left after `seconds` of this process:
///
///   seconds * (total - done) / (done - before);    0 before the first step
inline double seconds_left(const Progress& progress, double seconds) {
  if (progress.done <= progress.before) return 0;
  return seconds / static_cast<double>(progress.done - progress.before) *
         static_cast<double>(progress.total - progress.done);
}

/// A report that goes nowhere.
struct NoProgress {
  void operator()(const Progress&) const {}
};

/// Shows progress with the time left: one line that is overwritten on a terminal; elsewhere a plain
/// line at the first milestone, the end, and milestones a twentieth of the task or ten minutes
/// behind the last line. What cannot be written is lost.
class TerminalProgress {
 public:
  explicit TerminalProgress(std::string task = "", std::FILE* stream = stderr)
      : task_(std::move(task)), stream_(stream), is_terminal_(isatty(fileno(stream)) != 0) {}

  void operator()(const Progress& progress) {
    const auto now = Clock::now();
    const bool last = progress.done == progress.total;
    if (!last && !(is_terminal_ ? is_due_on_terminal(progress, now) : is_due(progress, now)))
      return;
    shown_ = now;
    shown_done_ = progress.done;
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    const double left = seconds_left(progress, seconds);
    const std::string text =
        fmt::format("{}{}{}{}  {:3.0f} %  {} elapsed, {} left{}", is_terminal_ ? "\r\033[K" : "",
                    task_, task_.empty() ? "" : ": ", progress.state,
                    100 * static_cast<double>(progress.done) / static_cast<double>(progress.total),
                    clock_text(seconds), clock_text(left), is_terminal_ && !last ? "" : "\n");
    // A stream that takes nothing more is no reason to end the task.
    std::fwrite(text.data(), 1, text.size(), stream_);
    std::fflush(stream_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool is_due_on_terminal(const Progress& progress, Clock::time_point now) const {
    return progress.is_milestone || now - shown_ >= std::chrono::milliseconds(200);
  }
  bool is_due(const Progress& progress, Clock::time_point now) const {
    const bool is_first = shown_ == Clock::time_point{};
    return progress.is_milestone &&
           (is_first || 20 * (progress.done - shown_done_) >= progress.total ||
            now - shown_ >= std::chrono::minutes(10));
  }

  static std::string clock_text(double seconds) {
    const long whole = static_cast<long>(seconds);
    return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                         : fmt::format("{}:{:02}", whole / 60, whole % 60);
  }

  std::string task_;
  std::FILE* stream_;
  bool is_terminal_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point shown_{};
  std::size_t shown_done_ = 0;
};

}  // namespace interchoice
