#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "interchoice/distributed/shared_store.hpp"

namespace interchoice {

/// How often a rank gives a sign of life, and how long the others wait for one.
struct PresenceOptions {
  std::chrono::milliseconds interval{500};
  std::chrono::milliseconds patience{10'000};

  /// For so many ranks: a store gets a thousand signs a second at most, and has time for work.
  static PresenceOptions of_ranks(std::size_t ranks, std::chrono::milliseconds patience) {
    PresenceOptions options;
    options.interval =
        std::max(options.interval, std::chrono::milliseconds(static_cast<std::int64_t>(ranks)));
    options.patience = std::max(patience, 2 * options.interval);
    return options;
  }
};

/// Signs of life of the ranks of a group, through its store: a thread of each rank counts up, and
/// a rank whose count stands still has died, or cannot be reached.
class Presence {
 public:
  /// The store is for this presence alone: a call that waits must not hold up others.
  Presence(std::shared_ptr<SharedStore> store, std::size_t rank, std::size_t size,
           PresenceOptions options = {})
      : state_(std::make_shared<State>(std::move(store), rank, options)), seen_(size) {
    std::thread([state = state_] { beat(*state); }).detach();
  }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  /// Ends the signs. A store that does not answer cannot hold it up.
  ~Presence() {
    std::unique_lock lock(state_->mutex);
    state_->ends = true;
    state_->changed.notify_all();
    state_->changed.wait_for(lock, std::chrono::seconds(1), [&] { return state_->has_ended; });
  }

  /// Tells the others why this rank gives up; the first reason counts.
  void fail(const std::string& reason) noexcept {
    try {
      state_->store->exchange(key("fate", state_->rank), "", "failed: " + reason);
    } catch (...) {  // whoever cannot be told sees that there are no more signs
    }
  }

  /// What became of a rank that is gone; nothing of one that is there. It takes `patience` to see
  /// that a rank has died without a word.
  ///
  /// *Throws*: what the store throws.
  std::optional<std::string> fate(std::size_t rank) {
    if (const auto told = state_->store->get(key("fate", rank))) return told;
    const auto now = Clock::now();
    Seen& seen = seen_.at(rank);
    const auto sign = state_->store->get(key("alive", rank));
    if (sign != seen.sign || !seen.since) seen = {sign, now};
    if (now - *seen.since < state_->options.patience) return std::nullopt;
    const std::chrono::duration<double> silence = state_->options.patience;
    return fmt::format("gave no sign of life for {:g} s", silence.count());
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct State {
    State(std::shared_ptr<SharedStore> own, std::size_t number, PresenceOptions how)
        : store(std::move(own)), rank(number), options(how) {}
    std::shared_ptr<SharedStore> store;
    std::size_t rank;
    PresenceOptions options;
    std::mutex mutex{};
    std::condition_variable changed{};
    bool ends = false;
    bool has_ended = false;
  };
  struct Seen {
    std::optional<std::string> sign = {};
    std::optional<Clock::time_point> since = {};
  };

  static std::string key(const char* what, std::size_t rank) {
    return fmt::format("{}/{}", what, rank);
  }

  static void beat(State& state) {
    std::unique_lock lock(state.mutex);
    for (int failures = 0; !state.ends && failures < 3;) {
      lock.unlock();
      try {
        state.store->add(key("alive", state.rank), 1);
        failures = 0;
      } catch (const std::exception&) {  // the main thread sees it, too, and knows what to do
        ++failures;
      }
      lock.lock();
      state.changed.wait_for(lock, state.options.interval, [&] { return state.ends; });
    }
    state.has_ended = true;
    state.changed.notify_all();
  }

  std::shared_ptr<State> state_;
  std::vector<Seen> seen_;  // of each rank
};

}  // namespace interchoice
