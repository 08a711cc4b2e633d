#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace interchoice {

/// How a rank takes part in a queue.
struct WorkQueueOptions {
  std::string name = "work";  ///< the same on all ranks, another one for each queue of a store
  std::size_t rank = 0;
  std::size_t size = 1;
  /// What became of a rank that is gone; nothing of one that is there (see `Presence`).
  std::function<std::optional<std::string>(std::size_t)> fate = {};
  /// Takes each task's result, once, on rank 0.
  std::function<void(std::size_t task, std::string_view result)> deliver = {};
  /// So long results wait for others that are posted with them, and 1 ms a rank where that is
  /// longer: all ranks together post 1,000 times a second at most.
  std::chrono::nanoseconds post_interval = std::chrono::milliseconds(500);
  /// So often rank 0 looks, once there is nothing left to begin, whether all are there, and the
  /// others whether rank 0 is; 2 ms a rank where that is longer.
  std::chrono::nanoseconds look_interval = std::chrono::seconds(1);
  /// The time since some moment.
  std::function<std::chrono::nanoseconds()> now = [] {
    return std::chrono::steady_clock::now().time_since_epoch();
  };
};

}  // namespace interchoice
