#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <type_traits>

#include "interchoice/data/batch.hpp"

namespace interchoice {

/// The batches of one epoch: a range with random access by `epoch[i]`, such as
/// `std::vector<Batch>`, a view, or a class with `BatchIterator`s.
template <class Epoch>
concept BatchRange = std::ranges::input_range<const Epoch> &&
    std::convertible_to<std::ranges::range_reference_t<const Epoch>, Batch> &&
    requires(const Epoch& epoch, std::int64_t index) {
  { epoch[index] } -> std::convertible_to<Batch>;
};

/// Batches by number, for training and evaluation.
///
/// `size()` batches have each of `example_count()` examples once. `epoch(e)` is the range of the
/// training batches of epoch e, size() of them; `evaluation(i)` is batch i in a fixed order,
/// `calibration(i)` batch i of an endless sequence of random examples that are shown as in
/// evaluation. Each is to be a pure function of its arguments, whichever threads ask. Tensors may
/// have any shape.
///
/// A `text()` that names everything that changes the batches makes it part of a training's identity
/// (`train_resumable` needs one).
///
/// A `share(index, count)` lets each of several ranks make its own part of every training batch
/// only (`ShareableBatchSource`); without one a rank makes whole batches and drops the rest.
///
/// Satisfied by `Batches`, `FolderBatches`, `BatchesOf` any examples, `AnyBatchSource`, and
/// `Prefetched` of any of them.
template <class Source>
concept BatchSource = requires(const Source& source, std::uint64_t number, std::int64_t index) {
  { source.size() } -> std::convertible_to<std::int64_t>;
  { source.example_count() } -> std::convertible_to<std::int64_t>;
  requires BatchRange<std::remove_cvref_t<decltype(source.epoch(number))>>;
  { source.evaluation(index) } -> std::convertible_to<Batch>;
  { source.calibration(index) } -> std::convertible_to<Batch>;
};

/// A batch source of which each rank of a group may take its share: a batch source with the same
/// batches, but of each training batch the index-th of `count` consecutive parts.
///
/// Batch i of its epoch e has the examples of that part, changed as in the whole batch, and their
/// number over the whole batch's as `Batch::fraction`. Sizes of parts differ by at most one, the
/// larger ones first. All else, the text included, is the whole set's.
///
/// Satisfied by all that the library has, `Prefetched` of one's own source if that has a share.
template <class Source>
concept ShareableBatchSource = BatchSource<Source> &&
    requires(const Source& source, std::size_t index) {
  { source.share(index, index) } -> BatchSource;
};

/// The iterator of an epoch that makes batches when they are asked for, by `operator[]`: with
/// `begin()` and `end()` that return one, a class becomes a `BatchRange`.
template <class Epoch>
class BatchIterator {
 public:
  using value_type = Batch;
  using difference_type = std::int64_t;

  BatchIterator() = default;
  BatchIterator(const Epoch& epoch, std::int64_t index) : epoch_(&epoch), index_(index) {}

  Batch operator*() const { return (*epoch_)[index_]; }
  BatchIterator& operator++() {
    ++index_;
    return *this;
  }
  void operator++(int) { ++index_; }
  friend bool operator==(const BatchIterator&, const BatchIterator&) = default;

 private:
  const Epoch* epoch_ = nullptr;
  std::int64_t index_ = 0;
};

}  // namespace interchoice
