#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <type_traits>
#include <utility>

#include "interchoice/distributed/group_error.hpp"
#include "interchoice/distributed/shared_store.hpp"

namespace interchoice::detail {

/// A store of libtorch's, whose calls wait for an answer for ever: a thread of its own makes them,
/// so that a store behind a cut link holds nobody up.
///
/// *Throws* `GroupError` where it cannot be reached.
class C10dStore final : public SharedStore {
 public:
  C10dStore(c10::intrusive_ptr<c10d::Store> store, std::chrono::milliseconds timeout)
      : store_(std::move(store)), timeout_(timeout), calls_(std::make_shared<Calls>()) {
    std::thread([calls = calls_] { calls->make(); }).detach();
  }
  ~C10dStore() override { calls_->add({}); }

  std::optional<std::string> get(const std::string& key) override {
    return answered([store = store_, key]() -> std::optional<std::string> {
      if (!store->check({key})) return std::nullopt;
      return store->get_to_str(key);
    });
  }
  void set(const std::string& key, const std::string& value) override {
    answered([store = store_, key, value] {
      store->set(key, value);
      return true;
    });
  }
  std::int64_t add(const std::string& key, std::int64_t amount) override {
    return answered([store = store_, key, amount] { return store->add(key, amount); });
  }
  bool exchange(const std::string& key, const std::string& expected,
                const std::string& value) override {
    return answered([store = store_, key, expected, value] {
      return store->compareSet(key, expected, value) == value;
    });
  }
  void remove(const std::string& key) override {
    answered([store = store_, key] { return store->deleteKey(key); });
  }

 private:
  /// What waits to be done; its thread outlives the store where an answer does not come.
  class Calls {
   public:
    void add(std::function<void()> call) {  // empty: the end
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(call));
      added_.notify_one();
    }
    void make() {
      for (;;) {
        std::unique_lock lock(mutex_);
        added_.wait(lock, [&] { return !waiting_.empty(); });
        const auto call = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        if (!call) return;
        call();
      }
    }

   private:
    std::mutex mutex_;
    std::condition_variable added_;
    std::deque<std::function<void()>> waiting_;
  };

  template <class Call, class Answer = std::invoke_result_t<Call>>
  Answer answered(Call call) {
    const auto task = std::make_shared<std::packaged_task<Answer()>>(std::move(call));
    std::future<Answer> answer = task->get_future();
    if (!is_lost_) calls_->add([task] { (*task)(); });
    if (is_lost_ || answer.wait_for(timeout_) != std::future_status::ready) {
      is_lost_ = true;
      throw GroupError(kUnreachable + std::string("it does not answer"));
    }
    try {
      return answer.get();
    } catch (const std::exception& error) {
      const std::string_view text = error.what();
      throw GroupError(kUnreachable + std::string(text.substr(0, text.find('\n'))));
    }
  }

  static constexpr const char* kUnreachable =
      "interchoice: the group's store cannot be reached: rank 0, or the launcher that keeps it, is "
      "gone: ";

  c10::intrusive_ptr<c10d::Store> store_;
  std::chrono::milliseconds timeout_;
  std::shared_ptr<Calls> calls_;
  std::atomic<bool> is_lost_ = false;
};

}  // namespace interchoice::detail
