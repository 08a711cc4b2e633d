#pragma once

// Work that several processes share out, and that an interruption does not undo.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "examples/command_line.hpp"
#include "examples/parallel_jobs.hpp"
#include "interchoice/io/file_lock.hpp"

namespace examples {

namespace ic = interchoice;

/// Which tasks a process does, and with how many others.
struct TaskOptions {
  std::size_t processes = 1;
  std::string only;  ///< the name of a single task; empty: all
};

/// `unit` is what a task is called, in the singular.
inline void add_task_options(CLI::App& app, TaskOptions& options, const std::string& unit) {
  add_parallel_option(app, options.processes);
  app.add_option("--only", options.only,
                 "do this " + unit + " and nothing else: what --parallel starts, once for each");
}

/// Tasks whose results are files in a folder each.
///
/// Every process that is started with the same folders takes the next task that no other one holds;
/// when none is left it waits for those of the others. The task of a killed process is taken up by
/// the next one.
class Tasks {
 public:
  struct Task {
    std::string name;  ///< of --only
    std::filesystem::path folder;
    std::function<bool()> is_done;  ///< looks for the results
    std::function<void()> work;     ///< makes them
  };

  void add(Task task) { tasks_.push_back(std::move(task)); }

  /// Returns when all tasks are done, by this process or another. `units` is what they are called.
  ///
  /// *Throws* Done behind the task of --only.
  void complete(const TaskOptions& options, const std::string& units) const {
    if (!options.only.empty()) return complete_only(options.only);
    if (options.processes > 1) complete_in_parallel(options.processes, units);
    for (const Task& task : tasks_) {
      if (task.is_done()) continue;
      std::filesystem::create_directories(task.folder);
      const auto lock = ic::FileLock::try_acquire(task.folder / "");
      if (lock && !task.is_done()) task.work();
    }
    for (const Task& task : tasks_) {
      if (!task.is_done()) work_when_free(task);
    }
  }

 private:
  static void work_when_free(const Task& task) {
    std::filesystem::create_directories(task.folder);
    const auto lock = ic::FileLock::wait(task.folder / "");
    if (!task.is_done()) task.work();
  }

  std::size_t done() const {
    return static_cast<std::size_t>(std::count_if(tasks_.begin(), tasks_.end(),
                                                  [](const Task& task) { return task.is_done(); }));
  }

  // A program may have tasks that build on others: those of `name` may come later.
  void complete_only(const std::string& name) const {
    for (const Task& task : tasks_) {
      if (task.name != name) continue;
      work_when_free(task);
      throw Done();
    }
    if (done() == tasks_.size()) return;
    throw UsageError("--only " + name + ": there is none of that name, such as " +
                     tasks_.front().name);
  }

  void complete_in_parallel(std::size_t processes, const std::string& units) const {
    std::vector<Job> jobs;
    for (const Task& task : tasks_) {
      if (task.is_done()) continue;
      std::filesystem::create_directories(task.folder);
      jobs.push_back(
          {task.name, {"--parallel", "1", "--only", task.name}, task.folder / "log.txt"});
    }
    if (jobs.empty()) return;
    ParallelJobs(processes, jobs, {units, tasks_.size(), [&] { return done(); }}).run();
  }

  std::vector<Task> tasks_;
};

}  // namespace examples
