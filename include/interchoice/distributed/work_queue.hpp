#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/distributed/detail/work_keys.hpp"
#include "interchoice/distributed/detail/work_state.hpp"
#include "interchoice/distributed/detail/work_writer.hpp"
#include "interchoice/distributed/group_error.hpp"
#include "interchoice/distributed/published_text.hpp"
#include "interchoice/distributed/shared_store.hpp"
#include "interchoice/distributed/work_end.hpp"
#include "interchoice/distributed/work_list.hpp"
#include "interchoice/distributed/work_queue_options.hpp"

namespace interchoice {

/// Tasks that the ranks of a group share out among themselves by a store: each takes the next chunk
/// when it has done its last one, and rank 0 alone has all results.
///
///     next           a counter: ticket t is chunk t of the list, which every rank knows
///     holds/RANK     the tickets whose results are not posted yet
///     post/N         results, numbered by the counter `posts`; rank 0 reads and removes them
///     again/N        tasks given out again, as ticket (chunks + N)
///     call           what rank 0 tells all: how many were given out again, or the end
///
/// No call waits for another rank, so that none that is dead or slow holds up any other:
/// `SharedWork` is a loop around these calls, a simulation another one. A ticket whose rank has
/// died, also one that was drawn by a rank which died before it could say so, is given out again.
/// That may be a mistake (a rank that was thought to be dead): a task may be done twice, but is
/// delivered once.
///
/// *Throws*: what the store, `fate` and `deliver` throw. *Cost*: calls of the store, each by the
/// rank concerned: 2 for a chunk; 3 for a post, and 2 by rank 0.
class WorkQueue {
 public:
  WorkQueue(SharedStore& store, WorkQueueOptions options)
      : store_(store),
        options_(std::move(options)),
        keys_{options_.name},
        writer_(store, options_, keys_, state_) {
    const auto ranks = static_cast<std::int64_t>(options_.size);
    options_.post_interval = std::max<std::chrono::nanoseconds>(options_.post_interval,
                                                                std::chrono::milliseconds(ranks));
    options_.look_interval = std::max<std::chrono::nanoseconds>(
        options_.look_interval, std::chrono::milliseconds(2 * ranks));
  }
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  /// Has to come first, on all ranks with an equal list.
  void begin(const WorkList& list) {
    list_ = list;
    if (is_writer()) writer_.begin(list);
    posted_at_ = looked_at_ = options_.now();
  }

  /// This process's number.
  std::size_t rank() const { return options_.rank; }
  std::size_t size() const { return options_.size; }
  WorkEnd end() const { return state_.end; }
  /// Whether nothing more is handed out.
  bool has_ended() const { return state_.has_ended(); }
  /// Why it failed.
  const std::string& failure() const { return state_.failure; }
  /// The name in the store of something that belongs to this queue.
  std::string key(std::string_view what) const { return keys_.of(what); }

  /// The next tasks to be done; nothing where there are none at the moment.
  std::optional<WorkRange> take() {
    while (!has_ended() && !is_stopping_) {
      if (!state_.waiting) draw();
      const auto range = range_of(*state_.waiting);
      state_.working = range ? std::exchange(state_.waiting, std::nullopt) : std::nullopt;
      if (!range) {
        flush();
        return std::nullopt;
      }
      if (range->size() > 0) return range;
    }
    return std::nullopt;
  }

  /// A result; whether the rank should go on with the tasks that it took.
  bool post(std::size_t task, std::string_view result) {
    if (is_writer()) {
      writer_.add(task, result);
      return !has_ended() && (size() == 1 || !writer_.give_rest());
    }
    pack_ += fmt::format("{} {} ", task, result.size());
    pack_ += result;
    if (options_.now() - posted_at_ >= options_.post_interval) {
      flush();
      hear();
    }
    return !has_ended() && !is_stopping_;
  }

  /// Does a piece of what a rank owes the others: rank 0 takes results and looks after the ranks,
  /// the others, while they wait for tasks, hear what rank 0 says. Whether there is more to do at
  /// once; that ends, on rank 0 with what had been posted when it began.
  bool attend() {
    if (size() == 1) return false;
    if (is_writer()) return writer_.attend();
    if (!state_.working) hear();
    return false;
  }

  /// Ends it on all ranks, with the results that there are.
  void stop() {
    if (has_ended() || is_stopping_) return;
    is_stopping_ = true;
    if (size() == 1) {
      state_.end = WorkEnd::kStopped;
    } else if (is_writer()) {
      writer_.stop();
    } else {
      flush();
      send("S");
      state_.working.reset();
    }
  }

  /// Ends it on all ranks: those have this reason as their `failure`.
  void fail(const std::string& reason) {
    if (end() == WorkEnd::kFailed) return;
    const std::string text = fmt::format("rank {} of {} failed: {}", rank(), size(), reason);
    if (size() == 1) {
      state_.fail(text);
    } else if (is_writer()) {
      writer_.fail(text);
    } else {
      send("E" + text);
    }
  }

  /// Tells all ranks that it has ended, and a text; on rank 0, once it has.
  void publish(const std::string& text) {
    if (size() > 1) writer_.publish(text);
  }

  /// That text, on the others, which then need the queue no more. *Throws* `GroupError` if they
  /// were thought to be dead, so that it is there no more.
  std::string published() {
    const auto text = PublishedText(store_, keys_.all()).read();
    if (!text) {
      throw GroupError(
          fmt::format("interchoice: rank {} of {} gave no sign of life for so long "
                      "that the others went on without it",
                      rank(), size()));
    }
    leave();
    return *text;
  }

  /// Tells the others that this rank takes no more work.
  void leave() {
    if (!is_writer()) store_.set(keys_.holds(rank()), "left");
  }

  /// Whether all others have left, or are gone; on rank 0, which goes on to `attend` until then.
  bool is_deserted() const { return size() == 1 || writer_.is_deserted(); }

  /// Removes what it has in the store, but for a word to ranks that were thought to be dead; on
  /// rank 0, once it is deserted.
  void clear() {
    if (size() > 1) writer_.clear();
  }

 private:
  bool is_writer() const { return rank() == 0; }

  void draw() {
    if (size() == 1) {
      state_.waiting = own_tickets_++;
      return;
    }
    state_.waiting = static_cast<std::size_t>(store_.add(keys_.next(), 1) - 1);
    if (is_writer()) return;
    held_.push_back(*state_.waiting);
    std::string text;
    for (const std::size_t ticket : held_) text += fmt::format("{} ", ticket);
    store_.set(keys_.holds(rank()), text);
  }

  // The tasks of a ticket; nothing where it has none so far.
  std::optional<WorkRange> range_of(std::size_t ticket) {
    const std::size_t chunks = list_.chunks().size();
    if (ticket < chunks) return list_.chunks()[ticket];
    const std::size_t again = ticket - chunks;
    if (is_writer()) {
      const auto& ranges = writer_.ledger().again();
      return again < ranges.size() ? std::optional(ranges[again]) : std::nullopt;
    }
    if (again >= told_again_) return std::nullopt;
    const std::string text = store_.get(keys_.again(again)).value_or("");
    std::string_view rest = text;
    const std::size_t first = detail::take_number(rest);
    return WorkRange{first, detail::take_number(rest)};
  }

  void flush() {
    if (!pack_.empty()) send("R" + std::exchange(pack_, {}));
    posted_at_ = options_.now();
    held_.clear();
    for (const auto& ticket : {state_.working, state_.waiting}) {
      if (ticket) held_.push_back(*ticket);
    }
  }

  void send(const std::string& text) {
    store_.set(keys_.post(static_cast<std::size_t>(store_.add(keys_.posts(), 1) - 1)), text);
  }

  void hear() {
    if (has_ended()) return;
    const std::string call = store_.get(keys_.call()).value_or("");
    if (call == "done") state_.end = WorkEnd::kDone;
    if (call == "stopped") state_.end = WorkEnd::kStopped;
    if (call.starts_with("failed ")) state_.fail(call.substr(7));
    if (call.starts_with("again ")) {
      std::string_view rest = std::string_view(call).substr(6);
      told_again_ = detail::take_number(rest);
    }
    if (has_ended() || options_.now() - looked_at_ < options_.look_interval) return;
    looked_at_ = options_.now();
    if (const auto fate = options_.fate(0)) {
      state_.fail(fmt::format("rank 0 of {} {}", size(), *fate));
    }
  }

  SharedStore& store_;
  WorkQueueOptions options_;
  detail::WorkKeys keys_;
  detail::WorkState state_;
  detail::WorkWriter writer_;  // of rank 0
  WorkList list_;
  bool is_stopping_ = false;
  std::size_t own_tickets_ = 0;    // of a rank that is alone
  std::vector<std::size_t> held_;  // tickets whose results are not posted yet
  std::string pack_;               // results to be posted
  std::chrono::nanoseconds posted_at_{};
  std::chrono::nanoseconds looked_at_{};
  std::size_t told_again_ = 0;
};

}  // namespace interchoice
