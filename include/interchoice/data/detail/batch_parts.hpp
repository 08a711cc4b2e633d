#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "interchoice/data/batch.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/data/detail/batch_share.hpp"
#include "interchoice/data/detail/text_of.hpp"

namespace interchoice::detail {

/// A rank's share of a source that cannot make one itself: each training batch is made as a whole,
/// and all but its part is dropped. A `BatchSource`.
template <BatchSource Source>
class BatchParts {
 public:
  BatchParts(Source source, BatchShare share) : source_(std::move(source)), share_(share) {}

  std::int64_t size() const { return source_.size(); }
  std::int64_t example_count() const { return source_.example_count(); }
  Batch evaluation(std::int64_t index) const { return source_.evaluation(index); }
  Batch calibration(std::int64_t index) const { return source_.calibration(index); }
  std::string text() const { return text_of(source_); }

  class Epoch {
   public:
    Epoch(const BatchParts& parts, std::uint64_t number)
        : whole_(parts.source_.epoch(number)), size_(parts.size()), share_(parts.share_) {}

    std::int64_t size() const { return size_; }
    Batch operator[](std::int64_t index) const { return share_.narrowed(whole_[index]); }
    BatchIterator<Epoch> begin() const { return {*this, 0}; }
    BatchIterator<Epoch> end() const { return {*this, size_}; }

   private:
    std::remove_cvref_t<decltype(std::declval<const Source&>().epoch(0))> whole_;
    std::int64_t size_;
    BatchShare share_;
  };

  Epoch epoch(std::uint64_t number) const { return {*this, number}; }

 private:
  Source source_;
  BatchShare share_;
};

}  // namespace interchoice::detail
