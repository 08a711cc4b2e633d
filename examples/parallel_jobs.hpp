#pragma once

// --parallel: the jobs of a program in several processes at once.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "examples/child_process.hpp"
#include "examples/command_line.hpp"
#include "examples/interruption.hpp"
#include "examples/number_options.hpp"
#include "interchoice/training/interrupt.hpp"
#include "interchoice/training/progress.hpp"

namespace examples {

namespace ic = interchoice;

/// Adds --parallel to a program that has --threads: each of the processes has one.
inline void add_parallel_option(CLI::App& app, std::size_t& processes) {
  app.add_option("--parallel", processes,
                 "processes at once, of one thread each; their logs are beside what they keep, and "
                 "the results are those of one process")
      ->check(whole_number(1, 1024))
      ->excludes("--threads")
      ->take_last()
      ->capture_default_str();
}

/// Work for a process of this program.
struct Job {
  std::string name;
  std::vector<std::string> arguments;  ///< behind those of this process
  std::filesystem::path log;
};

/// What all jobs together do, for the line that shows how far they are.
struct JobTotal {
  std::string unit;  ///< in the plural
  std::size_t total = 0;
  std::function<std::size_t()> done;
};

/// The jobs of a program, several at once. A job that fails, or that is killed, leaves the others
/// alone.
class ParallelJobs {
 public:
  ParallelJobs(std::size_t processes, const std::vector<Job>& jobs, JobTotal total)
      : processes_(std::min(processes, jobs.size())),
        option_(processes),
        waiting_(jobs.begin(), jobs.end()),
        total_(std::move(total)) {}

  /// Returns when all jobs are done. SIGINT and SIGTERM are handed on to the processes.
  ///
  /// *Throws* std::runtime_error if one has failed, after a line for each with exit code and log,
  /// or if the memory is too small for so many processes; Interrupted.
  void run() {
    const std::size_t processors = std::thread::hardware_concurrency();
    if (processes_ > processors) {
      print_message("warning",
                    fmt::format("--parallel {}: there are {} processors", option_, processors));
    }
    const ic::InterruptRequest interrupt;
    while (!waiting_.empty() || !running_.empty()) {
      if (interrupt.requested()) stop(interrupt.signal());
      while (may_start()) start();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      measure();
      show(collect(interrupt.signal()));
    }
    const std::string done = fmt::format("{} of {} {} are done; the same command goes on",
                                         total_.done(), total_.total, total_.unit);
    for (const Failure& failure : failures_) {
      print_message("failed", fmt::format("exit code {:3}  {}  log {}", failure.exit_code,
                                          failure.job.name, failure.job.log.string()));
    }
    end_if_requested(interrupt, done);
    if (!failures_.empty()) {
      throw std::runtime_error(fmt::format("failed jobs: {}; {}", failures_.size(), done));
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  /// So long a job's memory has to stay within 2 % until it counts as measured.
  static constexpr std::chrono::seconds kSteady{5};

  struct Running {
    Job job;
    ChildProcess process;
  };
  struct Failure {
    Job job;
    int exit_code;
  };

  static double gib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

  // The first job is alone until it is known how much memory one takes.
  bool may_start() const {
    if (waiting_.empty() || running_.size() == processes_) return false;
    return running_.empty() || (is_measured_ && available_memory() >= peak_);
  }

  void start() {
    running_.push_back({waiting_.front(), {waiting_.front().arguments, waiting_.front().log}});
    waiting_.pop_front();
    changed_ = Clock::now();
  }

  void stop(int signal) {
    waiting_.clear();
    if (is_stopped_) return;
    for (const Running& running : running_) running.process.send(signal);
    is_stopped_ = true;
  }

  void measure() {
    for (const Running& running : running_) {
      const std::uint64_t peak = running.process.peak_memory();
      peak_ = std::max(peak_, peak);
    }
    if (peak_ > steady_ + steady_ / 50) {  // it creeps up for long: paths differ
      steady_ = peak_;
      changed_ = Clock::now();
    }
    if (!is_measured_ && Clock::now() - changed_ >= kSteady) require_memory();
  }

  // For the processes that are still to be started.
  void require_memory() {
    is_measured_ = true;
    const std::size_t processes = std::min(processes_, running_.size() + waiting_.size());
    const std::size_t more = processes - running_.size();
    const std::uint64_t available = available_memory();
    if (more * peak_ <= available) return;
    throw std::runtime_error(fmt::format(
        "--parallel {}: the first job took {:.2f} GiB of memory, {} more are estimated to take "
        "{:.2f} GiB, and {:.2f} GiB are available; give --parallel {} at most",
        option_, gib(peak_), more, gib(more * peak_), gib(available),
        std::max<std::uint64_t>(1, running_.size() + available / peak_)));
  }

  /// Whether a job has ended. One that the signal ended has not failed.
  bool collect(int signal) {
    bool has_ended = false;
    for (auto running = running_.begin(); running != running_.end();) {
      const auto code = running->process.exit_code();
      if (!code) {
        ++running;
        continue;
      }
      has_ended = true;
      if (*code != 0 && *code != 128 + signal) failures_.push_back({running->job, *code});
      running = running_.erase(running);
      if (*code == 0 && !is_measured_) require_memory();
    }
    return has_ended;
  }

  void show(bool has_ended) {
    if (!has_ended && Clock::now() - shown_ < std::chrono::seconds(2)) return;
    shown_ = Clock::now();
    const std::size_t done = total_.done();
    std::string state = fmt::format("{} of {} {} done, {} running", done, total_.total, total_.unit,
                                    running_.size());
    if (!failures_.empty()) state += fmt::format(", {} failed", failures_.size());
    const bool is_milestone =
        has_ended || 20 * done / total_.total > 20 * shown_done_ / total_.total;
    progress_({done, total_.total, state, is_milestone, before_});
    shown_done_ = done;
  }

  std::size_t processes_;
  std::size_t option_;
  std::deque<Job> waiting_;
  std::vector<Running> running_;
  std::vector<Failure> failures_;
  JobTotal total_;
  std::size_t before_ = total_.done();
  std::size_t shown_done_ = before_;
  ic::TerminalProgress progress_;
  std::uint64_t peak_ = 0;    // memory of a job
  std::uint64_t steady_ = 0;  // what it was when it last grew
  bool is_measured_ = false;
  bool is_stopped_ = false;
  Clock::time_point changed_ = Clock::now();
  Clock::time_point shown_{};
};

}  // namespace examples
