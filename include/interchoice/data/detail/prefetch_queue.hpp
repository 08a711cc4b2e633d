#pragma once

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "interchoice/data/batch.hpp"

namespace interchoice::detail {

/// Makes the batches of an epoch (`BatchRange`) that follow the one last taken on threads of its
/// own.
///
/// *Invariant*: `ready_` holds batches of [expected_, end_) only, made since the last jump.
template <class Epoch>
class PrefetchQueue {
 public:
  struct Limits {
    std::int64_t size;   // of the epoch
    std::int64_t ahead;  // batches that are ready or in progress, beside the one asked for
    std::int64_t threads;
  };

  // Takes a function, so that an epoch that cannot be moved is made in place.
  template <class MakeEpoch>
  PrefetchQueue(const MakeEpoch& make_epoch, const Limits& limits)
      : epoch_(make_epoch()), limits_(limits), end_(std::min(limits.size, limits.ahead)) {
    for (std::int64_t i = 0; i < limits.threads; ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
  }
  PrefetchQueue(const PrefetchQueue&) = delete;
  PrefetchQueue& operator=(const PrefetchQueue&) = delete;

  Batch take(std::int64_t index) {
    TORCH_CHECK_INDEX(index >= 0 && index < limits_.size, "interchoice: batch ", index,
                      " of an epoch of ", limits_.size, " batches");
    const std::lock_guard turn(turn_);
    std::unique_lock lock(mutex_);
    if (index != expected_) {
      ++jumps_;
      ready_.clear();
      next_ = index;
    }
    expected_ = index + 1;
    end_ = std::min(limits_.size, expected_ + limits_.ahead);
    changed_.notify_all();
    changed_.wait(lock, [&] { return ready_.contains(index); });
    Made made = std::move(ready_.extract(index).mapped());
    lock.unlock();
    if (made.error) std::rethrow_exception(made.error);
    return std::move(made.batch);
  }

 private:
  struct Made {
    Batch batch = {};
    std::exception_ptr error = {};
  };

  void work(const std::stop_token& stop) {
    // One thread of libtorch's here, without changing the number of any other thread's.
    (void)at::get_num_threads();
#ifdef _OPENMP
    omp_set_num_threads(1);
#endif
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [&] { return next_ < end_; })) {
      if (stop.stop_requested()) return;
      const std::int64_t index = next_++;
      const std::uint64_t jumps = jumps_;
      lock.unlock();
      Made made;
      try {
        made.batch = epoch_[index];
      } catch (...) {
        made.error = std::current_exception();
      }
      lock.lock();
      if (jumps == jumps_) {
        ready_.emplace(index, std::move(made));
        changed_.notify_all();
      }
    }
  }

  const Epoch epoch_;
  const Limits limits_;
  std::mutex turn_;   // held by the one that asks
  std::mutex mutex_;  // of everything below
  std::condition_variable_any changed_;
  std::map<std::int64_t, Made> ready_;
  std::int64_t expected_ = 0;  // what is asked for next unless there is a jump
  std::int64_t next_ = 0;      // what is begun next
  std::int64_t end_;           // how far may be begun
  std::uint64_t jumps_ = 0;
  std::vector<std::jthread> threads_;  // last, so that they end before what they use
};

}  // namespace interchoice::detail
