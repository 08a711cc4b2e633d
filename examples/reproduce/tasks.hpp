#pragma once

// Work that several processes share out, and that an interruption does not undo.

#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "interchoice/io/file_lock.hpp"

namespace reproduce {

namespace ic = interchoice;

/// Tasks whose results are files in a folder each.
///
/// Every process that is started with the same folders takes the next task that no other one holds;
/// when none is left it waits for those of the others. The task of a killed process is taken up by
/// the next one.
class Tasks {
 public:
  /// `is_done` looks for the results, `work` makes them.
  void add(std::filesystem::path folder, std::function<bool()> is_done,
           std::function<void()> work) {
    tasks_.push_back({std::move(folder), std::move(is_done), std::move(work)});
  }

  /// Returns when all tasks are done, by this process or another.
  void complete() {
    for (const Task& task : tasks_) {
      if (task.is_done()) continue;
      std::filesystem::create_directories(task.folder);
      const auto lock = ic::FileLock::try_acquire(task.folder / "");
      if (lock && !task.is_done()) task.work();
    }
    for (const Task& task : tasks_) {
      if (task.is_done()) continue;
      const auto lock = ic::FileLock::wait(task.folder / "");
      if (!task.is_done()) task.work();
    }
  }

 private:
  struct Task {
    std::filesystem::path folder;
    std::function<bool()> is_done;
    std::function<void()> work;
  };
  std::vector<Task> tasks_;
};

}  // namespace reproduce
