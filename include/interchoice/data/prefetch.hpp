#pragma once

#include <c10/util/Exception.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "interchoice/data/batch.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/data/detail/prefetch_queue.hpp"
#include "interchoice/data/detail/text_of.hpp"

namespace interchoice {

/// The number of batches that are made before they are asked for, and of the threads that do it.
struct PrefetchOptions {
  std::int64_t ahead = 2;    ///< batches that may be ready or in progress
  std::int64_t threads = 1;  ///< beside the one that trains; each makes whole batches by itself
};

/// A batch source whose training batches are made in the background while the network computes.
///
/// The batches are those of the source, for any options. An epoch is meant to be gone through from
/// front to back, from any batch on; a jump throws away what was made ahead. Evaluation and
/// calibration batches are made when asked for, as the source makes them.
///
/// An error in making batch i is thrown where batch i is asked for. Dropping an epoch ends its
/// threads, each after the batch that it is making.
///
/// A `BatchSource`. Copies, and the epochs taken from them, share the source.
///
/// *Throws*: the constructor `c10::Error` unless there are 1 to 256 threads and at least one batch
/// ahead, `epoch` `std::system_error` if a thread cannot be started; access as the source.
///
/// *Cost*: `ahead` batches of memory. More threads than `ahead` have nothing to do.
template <BatchSource Source>
class Prefetched {
 public:
  explicit Prefetched(Source source, PrefetchOptions options = {})
      : source_(std::make_shared<const Source>(std::move(source))), options_(options) {
    TORCH_CHECK(options.ahead >= 1, "interchoice: prefetching ", options.ahead,
                " batches ahead; at least 1 is needed");
    TORCH_CHECK(options.threads >= 1 && options.threads <= 256, "interchoice: prefetching with ",
                options.threads, " threads; 1 to 256 are possible");
  }

  /// The source of the batches.
  const Source& source() const { return *source_; }

  std::int64_t size() const { return source_->size(); }
  std::int64_t example_count() const { return source_->example_count(); }
  Batch evaluation(std::int64_t index) const { return source_->evaluation(index); }
  Batch calibration(std::int64_t index) const { return source_->calibration(index); }
  std::string text() const { return detail::text_of(*source_); }

  /// A rank's share of the source, prefetched alike (see `ShareableBatchSource`).
  auto share(std::size_t index, std::size_t count) const requires ShareableBatchSource<Source> {
    using Share = std::remove_cvref_t<decltype(source_->share(index, count))>;
    return Prefetched<Share>(source_->share(index, count), options_);
  }

  class Epoch;

  /// The training batches of one epoch. The first ones are in progress at once.
  Epoch epoch(std::uint64_t number) const { return Epoch(source_, number, options_); }

 private:
  std::shared_ptr<const Source> source_;
  PrefetchOptions options_;
};

/// The training batches of one epoch, some of them ready. Movable; safe to ask from any thread, but
/// one at a time gets an answer.
template <BatchSource Source>
class Prefetched<Source>::Epoch {
 public:
  std::int64_t size() const { return size_; }

  Batch operator[](std::int64_t index) const { return queue_->take(index); }
  BatchIterator<Epoch> begin() const { return {*this, 0}; }
  BatchIterator<Epoch> end() const { return {*this, size_}; }

 private:
  friend class Prefetched;
  using Queue =
      detail::PrefetchQueue<std::remove_cvref_t<decltype(std::declval<const Source&>().epoch(0))>>;

  Epoch(std::shared_ptr<const Source> source, std::uint64_t number, const PrefetchOptions& options)
      : source_(std::move(source)),
        size_(source_->size()),
        queue_(std::make_unique<Queue>(
            [&] { return source_->epoch(number); },
            typename Queue::Limits{size_, options.ahead, options.threads})) {}

  std::shared_ptr<const Source> source_;  // to which its epoch may refer
  std::int64_t size_;
  std::unique_ptr<Queue> queue_;
};

}  // namespace interchoice
