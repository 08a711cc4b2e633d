#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "interchoice/data/batch.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/data/detail/batch_parts.hpp"
#include "interchoice/data/detail/batch_share.hpp"
#include "interchoice/data/detail/text_of.hpp"

namespace interchoice {

/// Any batch source as a value: for functions that need no more than its batches, which are so
/// compiled once and hold no reference to a temporary.
///
/// Holds a copy of the source; the library's own share their images between copies. A
/// `BatchSource` itself. *Cost*: a virtual call a batch.
class AnyBatchSource {
 public:
  template <BatchSource Source>
  requires(!std::same_as<Source, AnyBatchSource>)
      AnyBatchSource(Source source)  // NOLINT(google-explicit-constructor): made where one is taken
      : source_(std::make_shared<const Model<Source>>(std::move(source))) {}

  std::int64_t size() const { return source_->size(); }
  std::int64_t example_count() const { return source_->example_count(); }
  Batch evaluation(std::int64_t index) const { return source_->evaluation(index); }
  Batch calibration(std::int64_t index) const { return source_->calibration(index); }

  /// The source's text; empty if it has none.
  std::string text() const { return source_->text(); }

  /// A rank's share of the source (see `ShareableBatchSource`). Where the source has none, whole
  /// batches are made, of which the part is a view; a batch with fewer examples than `count` is an
  /// error when it is asked for.
  AnyBatchSource share(std::size_t index, std::size_t count) const;

  class Epoch;
  Epoch epoch(std::uint64_t number) const;

 private:
  struct AnyEpoch {
    virtual ~AnyEpoch() = default;
    virtual Batch batch(std::int64_t index) const = 0;
  };
  struct Interface {
    virtual ~Interface() = default;
    virtual std::int64_t size() const = 0;
    virtual std::int64_t example_count() const = 0;
    virtual Batch evaluation(std::int64_t index) const = 0;
    virtual Batch calibration(std::int64_t index) const = 0;
    virtual std::string text() const = 0;
    virtual std::shared_ptr<const AnyEpoch> epoch(std::uint64_t number) const = 0;
    virtual std::shared_ptr<const Interface> share(std::size_t index, std::size_t count) const = 0;
  };
  template <class Source>
  struct Model;

  explicit AnyBatchSource(std::shared_ptr<const Interface> source) : source_(std::move(source)) {}

  std::shared_ptr<const Interface> source_;
};

/// The training batches of one epoch. Keeps the source, to which the source's own epoch may refer.
class AnyBatchSource::Epoch {
 public:
  std::int64_t size() const { return size_; }
  Batch operator[](std::int64_t index) const { return epoch_->batch(index); }
  BatchIterator<Epoch> begin() const { return {*this, 0}; }
  BatchIterator<Epoch> end() const { return {*this, size_}; }

 private:
  friend class AnyBatchSource;
  Epoch(std::shared_ptr<const Interface> source, std::uint64_t number)
      : source_(std::move(source)), epoch_(source_->epoch(number)), size_(source_->size()) {}

  std::shared_ptr<const Interface> source_;
  std::shared_ptr<const AnyEpoch> epoch_;
  std::int64_t size_;
};

inline AnyBatchSource::Epoch AnyBatchSource::epoch(std::uint64_t number) const {
  return {source_, number};
}

template <class Source>
struct AnyBatchSource::Model final : Interface {
  struct EpochModel final : AnyEpoch {
    EpochModel(const Source& source, std::uint64_t number) : batches(source.epoch(number)) {}
    Batch batch(std::int64_t index) const override { return batches[index]; }
    const std::remove_cvref_t<decltype(std::declval<const Source&>().epoch(0))> batches;
  };

  explicit Model(Source own) : source(std::move(own)) {}
  std::int64_t size() const override { return source.size(); }
  std::int64_t example_count() const override { return source.example_count(); }
  Batch evaluation(std::int64_t index) const override { return source.evaluation(index); }
  Batch calibration(std::int64_t index) const override { return source.calibration(index); }
  std::string text() const override { return detail::text_of(source); }
  std::shared_ptr<const AnyEpoch> epoch(std::uint64_t number) const override {
    return std::make_shared<const EpochModel>(source, number);
  }
  // Null where the source has none.
  std::shared_ptr<const Interface> share(std::size_t index, std::size_t count) const override {
    if constexpr (ShareableBatchSource<Source>) {
      using Share = std::remove_cvref_t<decltype(source.share(index, count))>;
      return std::make_shared<const Model<Share>>(source.share(index, count));
    } else {
      return nullptr;
    }
  }

  Source source;
};

inline AnyBatchSource AnyBatchSource::share(std::size_t index, std::size_t count) const {
  if (auto shared = source_->share(index, count)) return AnyBatchSource(std::move(shared));
  return detail::BatchParts<AnyBatchSource>(*this, {index, count});
}

}  // namespace interchoice
