#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/distributed/group_error.hpp"
#include "interchoice/distributed/presence.hpp"
#include "interchoice/distributed/shared_store.hpp"

namespace interchoice {

/// What carries a group's tensors and texts from process to process: `C10dTransport`, or one of
/// one's own.
///
/// Collectives are called by all ranks in one order, with tensors of one shape and type, which are
/// contiguous; each returns when its result is there. *Throws* `GroupError`.
class GroupTransport {
 public:
  GroupTransport() = default;
  GroupTransport(const GroupTransport&) = delete;
  GroupTransport& operator=(const GroupTransport&) = delete;
  virtual ~GroupTransport() = default;

  /// This process's number, from 0.
  virtual std::size_t rank() const = 0;
  /// The number of processes.
  virtual std::size_t size() const = 0;
  /// x becomes the sum over the ranks, the same bits everywhere.
  virtual void sum(at::Tensor& x) = 0;
  /// x becomes that of rank `root`.
  virtual void broadcast(at::Tensor& x, std::size_t root) = 0;
  /// Row r of `all` becomes x of rank r.
  virtual void gather(at::Tensor& all, const at::Tensor& x) = 0;
  /// Texts by name that all ranks see.
  virtual SharedStore& store() = 0;
  /// The signs of life of the ranks.
  virtual Presence& presence() = 0;
  /// Tells the others why this rank gives up, and leaves their collectives.
  virtual void fail(const std::string& reason) { presence().fail(reason); }
};

/// The processes that work together on one training, ranking or search; `join_group` makes the one
/// that a launcher started.
///
/// A group by default is this process alone: every collective is the identity then, so that no
/// code has two forms. A handle: copies are the same group. One thread at a time calls collectives.
class Group {
 public:
  Group() : store_(std::make_shared<MemoryStore>()) {}
  explicit Group(std::shared_ptr<GroupTransport> transport) : transport_(std::move(transport)) {
    TORCH_CHECK(transport_ != nullptr && transport_->rank() < transport_->size(),
                "interchoice: a group needs a transport, and a rank below its size");
  }

  /// This process's number: 0 to size() - 1.
  std::size_t rank() const { return transport_ ? transport_->rank() : 0; }
  /// The number of processes; 1 without a launcher.
  std::size_t size() const { return transport_ ? transport_->size() : 1; }
  /// The rank that prints and writes files.
  bool is_first() const { return rank() == 0; }
  /// Whether there is no other process.
  bool is_alone() const { return size() == 1; }

  /// x becomes the sum over the ranks, the same bits everywhere.
  void sum(at::Tensor& x) const {
    if (!is_alone()) transport_->sum(x);
  }

  /// x becomes that of rank `root`.
  void broadcast(at::Tensor& x, std::size_t root = 0) const {
    if (!is_alone()) transport_->broadcast(x, root);
  }

  /// The x of every rank, [size, ...].
  at::Tensor gather(const at::Tensor& x) const {
    if (is_alone()) return x.unsqueeze(0);
    std::vector<std::int64_t> sizes = x.sizes().vec();
    sizes.insert(sizes.begin(), static_cast<std::int64_t>(size()));
    at::Tensor all = at::empty(sizes, x.options());
    transport_->gather(all, x.contiguous());
    return all;
  }

  /// Whether it is true on any rank.
  bool any(bool value) const {
    if (is_alone()) return value;
    at::Tensor count = at::empty({1}, at::kInt);
    *count.mutable_data_ptr<std::int32_t>() = value ? 1 : 0;
    transport_->sum(count);
    return *count.const_data_ptr<std::int32_t>() != 0;
  }

  /// Waits for all ranks.
  void wait() const { static_cast<void>(any(false)); }

  /// What rank 0 has, on every rank.
  std::string text_of_first(const std::string& text) const {
    if (is_alone()) return text;
    at::Tensor length = at::empty({1}, at::kLong);
    *length.mutable_data_ptr<std::int64_t>() = static_cast<std::int64_t>(text.size());
    transport_->broadcast(length, 0);
    const std::int64_t bytes = *length.const_data_ptr<std::int64_t>();
    at::Tensor all = at::empty({bytes}, at::kByte);
    if (is_first()) {
      std::copy(text.begin(), text.end(), static_cast<char*>(all.mutable_data_ptr()));
    }
    if (bytes > 0) transport_->broadcast(all, 0);
    const char* const begin = static_cast<const char*>(all.const_data_ptr());
    return {begin, begin + bytes};
  }

  /// 0, 1, ...: for names in the store; the same on all ranks that have asked equally often.
  std::uint64_t next_number() const { return (*numbers_)++; }

  /// Texts by name that all ranks see; this process's own where it is alone.
  SharedStore& store() const { return transport_ ? transport_->store() : *store_; }

  /// What became of a rank that is gone; nothing of one that is there (see `Presence`).
  std::optional<std::string> fate(std::size_t rank) const {
    return is_alone() ? std::nullopt : transport_->presence().fate(rank);
  }

  /// Tells the others why this rank gives up, which ends them with a `GroupError` of this text.
  void fail(const std::string& reason) const {
    if (!is_alone()) transport_->fail(reason);
  }

 private:
  std::shared_ptr<GroupTransport> transport_;  // none: alone
  std::shared_ptr<MemoryStore> store_;         // of a group without
  std::shared_ptr<std::uint64_t> numbers_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace interchoice
