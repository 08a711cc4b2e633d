#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace interchoice {

/// Consecutive tasks [first, last).
struct WorkRange {
  std::size_t first = 0;
  std::size_t last = 0;

  std::size_t size() const { return last - first; }
  friend bool operator==(const WorkRange&, const WorkRange&) = default;
};

/// Tasks 0, 1, ... cut into chunks of neighbours, the same on every rank:
///
///     chunk = max(1, remaining / (kChunksPerRank · ranks))        all of them for one rank
///
/// Large chunks come first, so that neighbours stay together and there is little to ask for; single
/// tasks come last, so that all ranks end together. A first chunk is a small part of a rank's
/// share, so that a rank which is several times slower than the others does not hold them up. A
/// handle: copies are the same list.
///
/// *Cost*: ranks · kChunksPerRank · (1 + log(tasks / ranks / kChunksPerRank)) chunks.
/// *Source*: guided self-scheduling, Polychronopoulos and Kuck, IEEE Transactions on Computers C-36
/// (1987).
class WorkList {
 public:
  static constexpr std::size_t kChunksPerRank = 8;

  WorkList() = default;
  /// `common[i]`, if given: how much task i shares with the one before. A chunk of several tasks
  /// ends up to a quarter earlier or later, where its last task shares least with the next one.
  WorkList(std::size_t tasks, std::size_t ranks, const std::vector<std::size_t>& common = {})
      : size_(tasks) {
    std::vector<WorkRange> chunks;
    const std::size_t parts = ranks == 1 ? 1 : kChunksPerRank * ranks;
    for (std::size_t first = 0; first < tasks;) {
      const std::size_t even = std::max<std::size_t>(1, (tasks - first) / parts);
      std::size_t last = first + even;
      if (!common.empty() && last < tasks) {
        const std::size_t latest = std::min(last + even / 4, tasks - 1);
        for (std::size_t end = last - even / 4; end <= latest; ++end) {
          if (common[end] < common[last]) last = end;
        }
      }
      chunks.push_back({first, last});
      first = last;
    }
    chunks_ = std::make_shared<const std::vector<WorkRange>>(std::move(chunks));
  }

  std::size_t size() const { return size_; }
  /// The ranges that are handed out, each as one, in order.
  const std::vector<WorkRange>& chunks() const& { return *chunks_; }
  /// The same, for loops over a temporary.
  std::vector<WorkRange> chunks() && { return *chunks_; }

 private:
  std::size_t size_ = 0;
  std::shared_ptr<const std::vector<WorkRange>> chunks_ =
      std::make_shared<const std::vector<WorkRange>>();
};

}  // namespace interchoice
