#pragma once

#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/data/batch.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/data/detail/batch_share.hpp"
#include "interchoice/data/detail/text_of.hpp"

namespace interchoice {

/// The random numbers that change the examples of a training batch: `random(b)` is the generator of
/// its b-th one, keyed by the seed, the epoch and the example's position in the epoch.
class ExampleRandom {
 public:
  ExampleRandom(Seed seed, std::uint64_t epoch, std::size_t first_position)
      : seed_(seed), epoch_(epoch), first_(first_position) {}

  CounterRandom operator()(std::size_t b) const {
    return {seed_, Stream::kAugmentation, epoch_, first_ + b};
  }

 private:
  Seed seed_;
  std::uint64_t epoch_;
  std::size_t first_;
};

/// Examples by number, of which `BatchesOf` makes batches: `size()` of them; `examples(indices)` is
/// the batch of those, as evaluation shows them. Where there is `examples(indices, random)` too, it
/// makes training batches, changed at random (`ExampleRandom`).
template <class Examples>
concept ExampleSource = requires(const Examples& examples, std::span<const std::int64_t> indices) {
  { examples.size() } -> std::convertible_to<std::int64_t>;
  { examples(indices) } -> std::convertible_to<Batch>;
};

/// The batches of a set of examples, with random access and without state: a `BatchSource`.
///
/// Every batch is a pure function of its arguments, the examples, the batch size and the seed. So
/// training restarts anywhere, evaluation disturbs nothing, and the number of threads changes
/// nothing. The last batch of a round through the set may be smaller than the others; none is left
/// out.
///
/// Copies, and the epochs taken from them, share the examples.
///
/// *Throws*: the constructor `c10::Error` if the batch size is not positive or there is no example;
/// access `c10::IndexError` if there is no such batch.
template <ExampleSource Examples>
class BatchesOf {
 public:
  BatchesOf(Examples examples, std::int64_t batch_size, Seed seed)
      : examples_(std::make_shared<const Examples>(std::move(examples))),
        batch_size_(batch_size),
        seed_(seed) {
    TORCH_CHECK(batch_size > 0, "interchoice: batch size ", batch_size, "; at least 1 is needed");
    TORCH_CHECK(example_count() > 0, "interchoice: batches of no examples");
  }

  /// The examples of which batches are made.
  const Examples& examples() const { return *examples_; }
  std::int64_t example_count() const { return examples_->size(); }

  /// The number of batches that have each example once.
  std::int64_t size() const { return (example_count() + batch_size_ - 1) / batch_size_; }

  class Epoch;

  /// The training batches of one epoch, a range.
  Epoch epoch(std::uint64_t number) const { return Epoch(*this, number); }

  /// Batch `index` in the set's own order.
  Batch evaluation(std::int64_t index) const {
    const Places places = places_of(index);
    std::vector<std::int64_t> indices(places.count);
    std::iota(indices.begin(), indices.end(), static_cast<std::int64_t>(places.first));
    return (*examples_)(std::span<const std::int64_t>(indices));
  }

  /// Batch `index` of an endless sequence of random examples, shown as in evaluation: those that
  /// recalibrate BatchNorm, the same for every architecture.
  ///
  /// The sequence goes through the set in one random order after the other
  /// (`Stream::kCalibration`), so the first size() batches have each example once.
  Batch calibration(std::int64_t index) const {
    TORCH_CHECK_INDEX(index >= 0, "interchoice: calibration batch ", index, "; they begin at 0");
    const Places places = places_of(index % size());
    const auto order =
        random_order(Stream::kCalibration, static_cast<std::uint64_t>(index / size()));
    return (*examples_)(std::span(order).subspan(places.first, places.count));
  }

  /// A rank's share: of each training batch the index-th of `count` consecutive parts (see
  /// `ShareableBatchSource`), of which no other example is made.
  ///
  /// *Throws*: `c10::Error` if a batch has fewer examples than `count`.
  BatchesOf share(std::size_t index, std::size_t count) const {
    TORCH_CHECK(share_.is_whole(), "interchoice: a share of batches is shared again");
    BatchesOf result(*this);
    result.share_ = {index, count};
    const std::size_t last = places_of(size() - 1).count;
    TORCH_CHECK(last >= count, "interchoice: ", size() > 1 ? "a last batch" : "a batch", " of ",
                last, " examples (", example_count(), " in batches of ", batch_size_,
                ") cannot be shared by ", count,
                " ranks; take another batch size, fewer ranks, or a few examples fewer");
    return result;
  }

  /// Everything that changes the batches: the examples' text, the batch size, the seed. Empty if
  /// the examples have no text. *Cost*: reads the examples where their text has a digest.
  std::string text() const {
    const std::string text = detail::text_of(*examples_);
    if (text.empty()) return text;
    return fmt::format("{}, batches of {}, seed {}", text, batch_size_, seed_.value);
  }

 private:
  // The positions of a batch in an order of the examples.
  struct Places {
    std::size_t first;
    std::size_t count;
  };

  Places places_of(std::int64_t index) const {
    TORCH_CHECK_INDEX(index >= 0 && index < size(), "interchoice: batch ", index, "; ",
                      example_count(), " examples in batches of ", batch_size_,
                      " make batches 0 to ", size() - 1);
    const std::int64_t begin = index * batch_size_;
    const std::int64_t end = std::min(begin + batch_size_, example_count());
    return {static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)};
  }

  std::vector<std::int64_t> random_order(Stream stream, std::uint64_t number) const {
    return permutation(example_count(), CounterRandom(seed_, stream, number, 0));
  }

  std::shared_ptr<const Examples> examples_;
  std::int64_t batch_size_;
  Seed seed_;
  detail::BatchShare share_{};
};

/// The training batches of one epoch: shuffled, and changed at random where the examples do that.
///
/// Position p of an epoch, example p % batch_size of batch p / batch_size, shows example order()[p]
/// of the set, changed by random numbers keyed by (seed, epoch, p). Neither depends on the batch
/// size. Safe to ask from any thread.
template <ExampleSource Examples>
class BatchesOf<Examples>::Epoch {
 public:
  std::int64_t size() const { return batches_.size(); }
  BatchIterator<Epoch> begin() const { return {*this, 0}; }
  BatchIterator<Epoch> end() const { return {*this, size()}; }

  /// The examples in the order in which this epoch shows them.
  std::span<const std::int64_t> order() const { return order_; }

  Batch operator[](std::int64_t index) const {
    const Places whole = batches_.places_of(index);
    const auto part = batches_.share_.of(whole.count);
    const std::size_t first = whole.first + part.first;
    Batch batch = examples_at(order().subspan(first, part.size), first);
    batch.fraction = static_cast<double>(part.size) / static_cast<double>(whole.count);
    return batch;
  }

 private:
  friend class BatchesOf;

  Epoch(BatchesOf batches, std::uint64_t number)
      : batches_(std::move(batches)),
        number_(number),
        order_(batches_.random_order(Stream::kDataOrder, number)) {}

  Batch examples_at(std::span<const std::int64_t> indices, std::size_t first) const {
    const ExampleRandom random(batches_.seed_, number_, first);
    if constexpr (requires { batches_.examples()(indices, random); }) {
      return batches_.examples()(indices, random);
    } else {
      return batches_.examples()(indices);
    }
  }

  BatchesOf batches_;
  std::uint64_t number_;
  std::vector<std::int64_t> order_;
};

}  // namespace interchoice
