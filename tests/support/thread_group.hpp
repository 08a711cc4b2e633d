#pragma once

// Groups whose ranks are threads of one process: no network, no launcher, no files.

#include <ATen/core/Tensor.h>
#include <fmt/core.h>

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
#include <type_traits>
#include <utility>
#include <vector>

#include "interchoice/distributed/group.hpp"
#include "interchoice/distributed/presence.hpp"
#include "interchoice/distributed/shared_store.hpp"

namespace interchoice::testing {

/// How the threads of a group wait for each other.
struct ThreadGroupOptions {
  /// Long: a rank on a busy machine is not to be taken for dead.
  PresenceOptions presence{.interval = std::chrono::milliseconds(50),
                           .patience = std::chrono::seconds(60)};
  std::chrono::milliseconds timeout{120'000};  ///< of a collective
};

/// Where the threads of a group meet, each with its tensor.
class ThreadMeeting {
 public:
  ThreadMeeting(std::size_t size, std::chrono::milliseconds timeout)
      : timeout_(timeout), round_(std::make_shared<Round>(size)) {}

  std::size_t size() const { return round_->given.size(); }

  /// Copies of the tensors of all ranks. `fate` is asked of those that do not come: a text ends
  /// the wait.
  template <class Fate>
  std::vector<at::Tensor> all(const std::string& what, std::size_t rank, const at::Tensor& x,
                              const Fate& fate) {
    std::unique_lock lock(mutex_);
    const auto round = round_;
    if (round->what.empty()) round->what = what;
    if (round->what != what) {
      throw GroupError(
          fmt::format("interchoice: rank {} calls {}, others {}", rank, what, round->what));
    }
    round->given[rank] = x.detach().clone();
    if (++round->arrived == size()) {
      round_ = std::make_shared<Round>(size());
      changed_.notify_all();
      return round->given;
    }
    const auto is_full = [&] { return round->arrived == round->given.size(); };
    const auto end = std::chrono::steady_clock::now() + timeout_;
    while (!changed_.wait_for(lock, std::chrono::milliseconds(20), is_full)) {
      for (std::size_t r = 0; r < round->given.size(); ++r) {
        if (round->given[r].defined()) continue;
        const std::optional<std::string> known = fate(r);
        if (known || std::chrono::steady_clock::now() > end) {
          throw GroupError(fmt::format("interchoice: rank {} of {} {}", r, round->given.size(),
                                       known.value_or("does not come to " + what)));
        }
      }
    }
    return round->given;
  }

 private:
  struct Round {
    explicit Round(std::size_t size) : given(size) {}
    std::string what = {};
    std::vector<at::Tensor> given;
    std::size_t arrived = 0;
  };

  std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Round> round_;  // that the next collective joins
};

/// A rank's way to the store of all, until the rank is dead.
class ThreadStore final : public SharedStore {
 public:
  explicit ThreadStore(std::shared_ptr<SharedStore> all) : all_(std::move(all)) {}

  std::optional<std::string> get(const std::string& key) override { return alive().get(key); }
  void set(const std::string& key, const std::string& value) override { alive().set(key, value); }
  std::int64_t add(const std::string& key, std::int64_t amount) override {
    return alive().add(key, amount);
  }
  bool exchange(const std::string& key, const std::string& expected,
                const std::string& value) override {
    return alive().exchange(key, expected, value);
  }
  void remove(const std::string& key) override { alive().remove(key); }

  void die() { is_dead_ = true; }

 private:
  SharedStore& alive() const {
    if (is_dead_) throw GroupError("this rank is dead");
    return *all_;
  }

  std::shared_ptr<SharedStore> all_;
  bool is_dead_ = false;
};

/// A rank of such a group.
class ThreadTransport final : public GroupTransport {
 public:
  ThreadTransport(std::size_t rank, std::shared_ptr<ThreadMeeting> meeting,
                  const std::shared_ptr<SharedStore>& store, const ThreadGroupOptions& options)
      : rank_(rank),
        size_(meeting->size()),
        meeting_(std::move(meeting)),
        store_(store),
        presence_(std::make_unique<Presence>(store, rank, size_, options.presence)) {}

  std::size_t rank() const override { return rank_; }
  std::size_t size() const override { return size_; }

  void sum(at::Tensor& x) override {
    const auto all = met("a sum", x);
    at::Tensor total = all[0];
    for (std::size_t r = 1; r < size_; ++r) total = total + all[r];  // in one order everywhere
    x.detach().copy_(total);
  }
  void broadcast(at::Tensor& x, std::size_t root) override {
    x.detach().copy_(met("a broadcast", x)[root]);
  }
  void gather(at::Tensor& all, const at::Tensor& x) override {
    const auto rows = met("a gathering", x);
    for (std::size_t r = 0; r < size_; ++r) all[static_cast<std::int64_t>(r)].copy_(rows[r]);
  }
  SharedStore& store() override { return store_; }
  Presence& presence() override { return *presence_; }

  /// Nothing of this rank reaches the others any more, as of a process that was killed. They know
  /// at once: `Presence` would take its time to see it.
  void die() {
    presence_->fail("died");
    presence_.reset();
    store_.die();
  }

 private:
  std::vector<at::Tensor> met(const std::string& what, const at::Tensor& x) {
    return meeting_->all(what, rank_, x, [&](std::size_t r) { return presence_->fate(r); });
  }

  std::size_t rank_;
  std::size_t size_;
  std::shared_ptr<ThreadMeeting> meeting_;
  ThreadStore store_;
  std::unique_ptr<Presence> presence_;
};

/// Calls `body(group)`, or `body(group, transport)`, on a thread of each of `size` ranks; what each
/// returned. What a rank throws is told the others (`Group::fail`) and thrown here, that of the
/// lowest rank.
///
/// Catch's assertions belong to the main thread: let bodies return what is to be compared.
template <class Body>
auto on_threads(std::size_t size, const Body& body, const ThreadGroupOptions& options = {}) {
  const auto meeting = std::make_shared<ThreadMeeting>(size, options.timeout);
  const auto store = std::make_shared<MemoryStore>();
  std::vector<std::shared_ptr<ThreadTransport>> transports;  // all are there before one begins
  for (std::size_t r = 0; r < size; ++r) {
    transports.push_back(std::make_shared<ThreadTransport>(r, meeting, store, options));
  }
  const auto call = [&](std::size_t r) {
    if constexpr (std::is_invocable_v<const Body&, const Group&>) {
      return body(Group(transports[r]));
    } else {
      return body(Group(transports[r]), *transports[r]);
    }
  };
  using Result = decltype(call(0));
  std::vector<std::optional<Result>> results(size);
  std::vector<std::exception_ptr> errors(size);
  std::vector<std::thread> threads;
  for (std::size_t r = 0; r < size; ++r) {
    threads.emplace_back([&, r] {
      try {
        results[r].emplace(call(r));
      } catch (const std::exception& error) {
        errors[r] = std::current_exception();
        Group(transports[r]).fail(error.what());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  std::vector<Result> all;
  for (std::optional<Result>& result : results) all.push_back(std::move(*result));
  return all;
}

}  // namespace interchoice::testing
