#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

#include "interchoice/distributed/work_list.hpp"

namespace interchoice::detail {

/// What the writer of a queue knows: which results it has, and which ranges of tasks each ticket
/// stands for: the chunks of the list, then ranges that are given out again.
class WorkLedger {
 public:
  explicit WorkLedger(WorkList list = {})
      : list_(std::move(list)), has_(list_.size(), false), missing_(list_.size()) {}

  std::size_t chunk_count() const { return list_.chunks().size(); }
  const std::vector<WorkRange>& again() const { return again_; }
  std::size_t ticket_count() const { return chunk_count() + again_.size(); }
  bool is_complete() const { return missing_ == 0; }

  WorkRange range(std::size_t ticket) const {
    return ticket < chunk_count() ? list_.chunks()[ticket] : again_[ticket - chunk_count()];
  }

  /// Whether the result of a task is new.
  bool add(std::size_t task) {
    if (task >= has_.size() || has_[task]) return false;
    has_[task] = true;
    --missing_;
    return true;
  }

  /// Tickets below `drawn`, not yet given out again, that have tasks without a result.
  std::vector<std::size_t> unfinished(std::size_t drawn) const {
    std::vector<std::size_t> tickets;
    for (std::size_t t = 0; t < std::min(drawn, ticket_count()); ++t) {
      if (!replaced_.contains(t) && first_missing(range(t)) < range(t).last) tickets.push_back(t);
    }
    return tickets;
  }

  std::size_t missing_in(WorkRange range) const {
    std::size_t count = 0;
    for (std::size_t i = range.first; i < range.last; ++i) count += has_[i] ? 0 : 1;
    return count;
  }

  /// The tasks of a ticket that have no result, as ranges for tickets to come.
  std::vector<WorkRange> replace(std::size_t ticket, std::size_t ranks) {
    replaced_.insert(ticket);
    std::vector<WorkRange> ranges;
    const WorkRange all = range(ticket);
    for (std::size_t first = first_missing(all); first < all.last;) {
      std::size_t last = first;
      while (last < all.last && !has_[last]) ++last;
      for (const WorkRange& part : WorkList(last - first, ranks).chunks()) {
        ranges.push_back({first + part.first, first + part.last});
      }
      first = first_missing({last, all.last});
    }
    return ranges;
  }

  /// The range of the next ticket; an empty one for a ticket that nobody will look at.
  void give_again(WorkRange range) { again_.push_back(range); }

 private:
  std::size_t first_missing(WorkRange range) const {
    while (range.first < range.last && has_[range.first]) ++range.first;
    return range.first;
  }

  WorkList list_;
  std::vector<WorkRange> again_;
  std::vector<bool> has_;
  std::size_t missing_;
  std::set<std::size_t> replaced_;
};

}  // namespace interchoice::detail
