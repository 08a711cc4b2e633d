#pragma once

#include <fmt/core.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/distributed/detail/work_keys.hpp"
#include "interchoice/distributed/detail/work_ledger.hpp"
#include "interchoice/distributed/detail/work_state.hpp"
#include "interchoice/distributed/published_text.hpp"
#include "interchoice/distributed/shared_store.hpp"
#include "interchoice/distributed/work_end.hpp"
#include "interchoice/distributed/work_list.hpp"
#include "interchoice/distributed/work_queue_options.hpp"

namespace interchoice::detail {

/// What rank 0 does for a queue of several ranks beside its own tasks: takes the results of all,
/// gives out again what ranks had that are gone, and stays until nobody needs the store.
class WorkWriter {
 public:
  /// Refers to all of these.
  WorkWriter(SharedStore& store, const WorkQueueOptions& options, const WorkKeys& keys,
             WorkState& state)
      : store_(store), options_(options), keys_(keys), state_(state) {}

  void begin(WorkList list) {
    ledger_ = WorkLedger(std::move(list));
    looked_at_ = options_.now();
    if (ledger_.is_complete()) state_.end = WorkEnd::kDone;
  }

  const WorkLedger& ledger() const { return ledger_; }

  /// A result of rank 0 itself or of another.
  void add(std::size_t task, std::string_view result) {
    if (!ledger_.add(task)) return;
    if (ledger_.is_complete()) state_.end = WorkEnd::kDone;
    options_.deliver(task, result);
  }

  /// See `WorkQueue::attend`.
  bool attend() {
    if (state_.has_ended()) return bid_farewell();
    if (is_looking_ && asked_ < options_.size) {
      ask(asked_++);
      return true;
    }
    if (!is_reading_) {
      count_posts();
      drawn_ = count(keys_.next());
      std::erase_if(late_, [&](std::size_t post) { return read(post); });
    }
    is_reading_ = read_ < posted_;
    if (!is_reading_) return look();
    read_next();
    return true;
  }

  void stop() {
    count_posts();
    while (read_ < posted_) read_next();
    if (!state_.has_ended()) state_.end = WorkEnd::kStopped;
  }

  void fail(const std::string& reason) {
    state_.fail(reason);
    store_.set(keys_.call(), "failed " + reason);
  }

  /// Others wait while rank 0, which is also the writer and so the slowest, has several tasks left:
  /// whether it has given them out.
  bool give_rest() {
    if (!state_.working || drawn_ <= ledger_.ticket_count()) return false;
    if (ledger_.missing_in(ledger_.range(*state_.working)) < 2) return false;
    give_again(ledger_.replace(*std::exchange(state_.working, std::nullopt), options_.size));
    return true;
  }

  void publish(const std::string& text) {
    PublishedText(store_, keys_.all()).publish(text);
    store_.set(keys_.call(), state_.end == WorkEnd::kStopped ? "stopped" : "done");
  }

  bool is_deserted() const { return gone_.size() + 1 == options_.size; }

  void clear() {
    count_posts();
    for (; read_ < posted_; ++read_) late_.insert(read_);
    for (const std::size_t post : late_) store_.remove(keys_.post(post));
    for (std::size_t r = 1; r < options_.size; ++r) store_.remove(keys_.holds(r));
    for (std::size_t k = 0; k < ledger_.again().size(); ++k) store_.remove(keys_.again(k));
    PublishedText(store_, keys_.all()).remove();
    store_.remove(keys_.next());
    store_.remove(keys_.posts());
    // A rank that was missed and comes back is to see that it is over.
    if (!is_one_missed_) store_.remove(keys_.call());
  }

 private:
  std::size_t count(const std::string& key) { return static_cast<std::size_t>(store_.add(key, 0)); }
  void count_posts() { posted_ = count(keys_.posts()); }

  void read_next() {
    if (!read(read_)) late_.insert(read_);
    ++read_;
  }

  // Whether there was a post of this number; its rank may be about to write it, or has died.
  bool read(std::size_t number) {
    const auto post = store_.get(keys_.post(number));
    if (!post) return false;
    store_.remove(keys_.post(number));
    const char kind = post->front();
    std::string_view rest = std::string_view(*post).substr(1);
    if (kind == 'E') fail(std::string(rest));
    if (kind == 'S' && !state_.has_ended()) state_.end = WorkEnd::kStopped;
    while (kind == 'R' && !rest.empty() && !state_.has_ended()) {
      const std::size_t task = take_number(rest);
      const std::size_t size = take_number(rest);
      add(task, rest.substr(0, size));
      rest.remove_prefix(size);
    }
    return true;
  }

  // Looks for tickets that nobody holds: `attend` asks one rank a call, then takes what they posted
  // before they were asked, and only then it is said here what is missing.
  bool look() {
    if (!is_looking_) {
      const auto now = options_.now();
      const bool is_due = now - looked_at_ >= options_.look_interval;
      if (!is_due || drawn_ < ledger_.chunk_count()) return false;
      looked_at_ = now;
      looked_drawn_ = drawn_;
      asked_ = 1;
      held_.clear();
      return is_looking_ = true;
    }
    is_looking_ = false;
    std::set<std::size_t> unheld;
    std::vector<WorkRange> lost;
    for (const std::size_t ticket : ledger_.unfinished(looked_drawn_)) {
      if (held_.contains(ticket) || ticket == state_.working) continue;
      if (suspected_.contains(ticket)) {
        for (const WorkRange& range : ledger_.replace(ticket, options_.size)) lost.push_back(range);
      } else {  // its rank may be about to say that it has it
        unheld.insert(ticket);
      }
    }
    suspected_ = std::move(unheld);
    give_again(lost);
    return false;
  }

  void ask(std::size_t rank) {
    const std::string holds = store_.get(keys_.holds(rank)).value_or("left");
    if (holds == "left") return;
    std::set<std::size_t>& tickets = options_.fate(rank) ? suspected_ : held_;
    for (std::string_view rest = holds; !rest.empty();) tickets.insert(take_number(rest));
  }

  void give_again(const std::vector<WorkRange>& ranges) {
    if (ranges.empty()) return;
    for (const WorkRange& range : ranges) {
      // Tickets that ranks drew which are gone; if one is there after all, it draws another.
      while (!is_awaited(ledger_.ticket_count())) give_ticket({});
      give_ticket(range);
    }
    store_.set(keys_.call(), fmt::format("again {}", ledger_.again().size()));
  }

  void give_ticket(WorkRange range) {
    store_.set(keys_.again(ledger_.again().size()), fmt::format("{} {}", range.first, range.last));
    ledger_.give_again(range);
  }

  // Whether a ticket is in the hands of somebody, or will be.
  bool is_awaited(std::size_t ticket) const {
    return ticket >= looked_drawn_ || ticket == state_.waiting || held_.contains(ticket);
  }

  // Looks at one rank that has not left, so that the store is there for as long as any needs it.
  bool bid_farewell() {
    const std::size_t others = options_.size - 1;
    for (std::size_t i = 0; i < others; ++i) {
      const std::size_t r = 1 + (farewell_++ % others);
      if (gone_.contains(r)) continue;
      const bool has_left = store_.get(keys_.holds(r)) == "left";
      if (!has_left && !options_.fate(r)) return farewell_ % others != 0;
      is_one_missed_ = is_one_missed_ || !has_left;
      gone_.insert(r);
      return farewell_ % others != 0;
    }
    return false;
  }

  SharedStore& store_;
  const WorkQueueOptions& options_;
  const WorkKeys& keys_;
  WorkState& state_;
  WorkLedger ledger_;
  std::size_t posted_ = 0;
  std::size_t read_ = 0;
  std::set<std::size_t> late_;  // posts that were not there yet
  bool is_reading_ = false;
  std::size_t drawn_ = 0;
  std::chrono::nanoseconds looked_at_{};
  bool is_looking_ = false;
  std::size_t looked_drawn_ = 0;
  std::size_t asked_ = 1;
  std::set<std::size_t> held_;       // tickets in the hands of ranks that are there
  std::set<std::size_t> suspected_;  // those of ranks that are gone, or of unknown ones
  std::size_t farewell_ = 0;
  std::set<std::size_t> gone_;
  bool is_one_missed_ = false;  // gone without a word, maybe not dead
};

}  // namespace interchoice::detail
