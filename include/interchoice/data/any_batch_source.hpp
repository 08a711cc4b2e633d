#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <utility>

#include "interchoice/data/batch.hpp"
#include "interchoice/data/batch_source.hpp"

namespace interchoice {

/// Any batch source as a value: what functions take that need no more than its batches, so that
/// they are compiled once, and hold no reference to what their caller may have made on the spot.
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

  class Epoch;
  Epoch epoch(std::uint64_t number) const;

 private:
  struct AnyEpoch {
    virtual ~AnyEpoch() = default;
    virtual std::int64_t size() const = 0;
    virtual Batch batch(std::int64_t index) const = 0;
  };
  struct Interface {
    virtual ~Interface() = default;
    virtual std::int64_t size() const = 0;
    virtual std::int64_t example_count() const = 0;
    virtual Batch evaluation(std::int64_t index) const = 0;
    virtual Batch calibration(std::int64_t index) const = 0;
    virtual std::shared_ptr<const AnyEpoch> epoch(std::uint64_t number) const = 0;
  };
  template <class Source>
  struct Model;

  std::shared_ptr<const Interface> source_;
};

/// The training batches of one epoch.
class AnyBatchSource::Epoch {
 public:
  std::int64_t size() const { return epoch_->size(); }
  Batch operator[](std::int64_t index) const { return epoch_->batch(index); }

 private:
  friend class AnyBatchSource;
  explicit Epoch(std::shared_ptr<const AnyEpoch> epoch) : epoch_(std::move(epoch)) {}

  std::shared_ptr<const AnyEpoch> epoch_;
};

inline AnyBatchSource::Epoch AnyBatchSource::epoch(std::uint64_t number) const {
  return Epoch(source_->epoch(number));
}

template <class Source>
struct AnyBatchSource::Model final : Interface {
  struct EpochModel final : AnyEpoch {
    using Batches = decltype(std::declval<const Source&>().epoch(0));
    EpochModel(Batches own, std::int64_t own_size) : batches(std::move(own)), count(own_size) {}
    std::int64_t size() const override { return count; }
    Batch batch(std::int64_t index) const override { return batches[index]; }
    Batches batches;
    std::int64_t count;
  };

  explicit Model(Source own) : source(std::move(own)) {}
  std::int64_t size() const override { return source.size(); }
  std::int64_t example_count() const override { return source.example_count(); }
  Batch evaluation(std::int64_t index) const override { return source.evaluation(index); }
  Batch calibration(std::int64_t index) const override { return source.calibration(index); }
  std::shared_ptr<const AnyEpoch> epoch(std::uint64_t number) const override {
    return std::make_shared<const EpochModel>(source.epoch(number), source.size());
  }

  Source source;
};

}  // namespace interchoice
