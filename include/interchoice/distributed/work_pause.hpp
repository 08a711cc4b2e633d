#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace interchoice {

/// How long a rank that has nothing to do waits before it asks again: a quarter of the time that it
/// has waited, 100 ms at most; and 200 us for each rank at least, so that all together ask the
/// store 5,000 times a second at most.
class WorkPause {
 public:
  explicit WorkPause(std::size_t ranks)
      : least_(std::max<std::int64_t>(2'000'000, 200'000 * static_cast<std::int64_t>(ranks))),
        most_(std::max<std::chrono::nanoseconds>(least_, std::chrono::milliseconds(100))) {}

  /// How long to wait now.
  std::chrono::nanoseconds next() {
    const auto pause = std::clamp(waited_ / 4, least_, most_);
    waited_ += pause;
    return pause;
  }
  /// How long all pauses since the start, or the last `restart`, were.
  std::chrono::nanoseconds waited() const { return waited_; }
  /// Begins with short pauses again: there was something to do.
  void restart() { waited_ = {}; }

 private:
  std::chrono::nanoseconds least_;
  std::chrono::nanoseconds most_;
  std::chrono::nanoseconds waited_{};
};

}  // namespace interchoice
