#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "interchoice/distributed/group_error.hpp"
#include "interchoice/distributed/published_text.hpp"
#include "interchoice/distributed/shared_store.hpp"
#include "interchoice/distributed/work_list.hpp"
#include "interchoice/distributed/work_pause.hpp"
#include "interchoice/distributed/work_queue.hpp"

namespace interchoice {

/// Work that all ranks of a group do together: the loop around a `WorkQueue`.
///
///     SharedWork work(store, {.rank = rank, .size = size, .fate = fate, .deliver = take});
///     const std::string known = work.text_of_first(read);
///     work.run(WorkList(tasks, size), [&](WorkRange range, const auto& result) {
///       for (std::size_t i = range.first; i < range.last; ++i) {
///         if (!result(i, evaluate(i))) return;
///       }
///     });
///     const std::string all = work.end(all_results);
///
/// All ranks call the same. A rank that is alone needs no store. Rank 0 comes back once all others
/// have what they need, or are gone; its process may keep the store.
///
/// *Throws*: `GroupError` on all ranks if one called `fail`, or rank 0 is gone; what the work and
/// the queue throw.
class SharedWork {
 public:
  /// The result of a task; whether to go on.
  using Result = std::function<bool(std::size_t task, std::string_view result)>;
  /// Does tasks, and tells each result.
  using Work = std::function<void(WorkRange, const Result&)>;
  /// Gives the text that a rank publishes, where it is asked for.
  using Text = std::function<std::string()>;

  SharedWork(SharedStore& store, WorkQueueOptions options, std::function<bool()> stop = {})
      : store_(store),
        queue_(store, std::move(options)),
        stop_(std::move(stop)),
        pause_(queue_.size()) {}

  std::size_t size() const { return queue_.size(); }
  /// Whether this is rank 0, which collects the results.
  bool is_first() const { return queue_.rank() == 0; }

  /// What rank 0 makes, on every rank, before the tasks.
  std::string text_of_first(const Text& make) {
    if (size() == 1) return make();
    const PublishedText text(store_, queue_.key("first"));
    if (is_first()) {
      const std::string made = make();
      text.publish(made);
      return made;
    }
    while (!queue_.has_ended()) {
      if (const auto known = text.read()) return *known;
      queue_.attend();
      wait();
    }
    throw_failure();
  }

  /// Does the tasks of a list, which is the same on all ranks; `work` gets those of this rank.
  /// `stop` is asked after each result of this rank, and while it waits: true ends it on all ranks.
  void run(const WorkList& list, const Work& work) {
    queue_.begin(list);
    while (!queue_.has_ended()) {
      attend();
      if (const auto range = queue_.take()) {
        pause_.restart();
        work(*range, [&](std::size_t task, std::string_view result) { return post(task, result); });
      } else if (size() == 1) {
        queue_.stop();  // the work has left tasks out
      } else if (!queue_.has_ended()) {
        ask_stop();
        wait();
      }
    }
    if (queue_.end() == WorkEnd::kFailed) throw_failure();
  }

  /// What rank 0 makes of the results, on every rank.
  std::string end(const Text& make) {
    if (size() == 1) return make();
    if (!is_first()) return queue_.published();
    const std::string text = make();
    queue_.publish(text);
    bid_farewell(std::chrono::nanoseconds::max());
    queue_.clear();
    PublishedText(store_, queue_.key("first")).remove();
    return text;
  }

  /// Ends it on all ranks, for this reason. Nothing that goes wrong then is told.
  void fail(const std::string& reason) noexcept {
    try {
      if (size() == 1) return;
      queue_.fail(reason);
      take_leave();
    } catch (...) {  // the store cannot be reached: others see it as well
    }
  }

 private:
  bool post(std::size_t task, std::string_view result) {
    const bool goes_on = queue_.post(task, result);
    ask_stop();
    if (is_first() && !queue_.has_ended()) attend();
    return goes_on && !queue_.has_ended();
  }

  void attend() {
    while (queue_.attend() && !queue_.has_ended()) {
    }
  }

  void ask_stop() {
    if (stop_ && !queue_.has_ended() && stop_()) queue_.stop();
  }

  void wait() { std::this_thread::sleep_for(pause_.next()); }

  [[noreturn]] void throw_failure() {
    take_leave();
    throw GroupError(queue_.failure());
  }

  // Others are to know why, before the store is gone with rank 0.
  void take_leave() {
    if (is_first()) {
      bid_farewell(std::chrono::seconds(5));
    } else {
      queue_.leave();
    }
  }

  void bid_farewell(std::chrono::nanoseconds most) {
    pause_.restart();
    while (!queue_.is_deserted() && pause_.waited() < most) {
      if (!queue_.attend()) wait();
    }
  }

  SharedStore& store_;
  WorkQueue queue_;
  std::function<bool()> stop_;
  WorkPause pause_;
};

}  // namespace interchoice
