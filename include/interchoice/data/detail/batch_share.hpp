#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "interchoice/data/batch.hpp"

namespace interchoice::detail {

/// The index-th of `count` consecutive parts of each batch, such as one a rank. Their sizes differ
/// by at most one; the larger ones come first.
class BatchShare {
 public:
  struct Part {
    std::size_t first;
    std::size_t size;
  };

  BatchShare() = default;  // the whole
  BatchShare(std::size_t index, std::size_t count) : index_(index), count_(count) {
    TORCH_CHECK(index < count, "interchoice: share ", index, " of batches that ", count,
                " ranks share; the last is number count - 1");
  }

  std::size_t count() const { return count_; }
  bool is_whole() const { return count_ == 1; }

  Part of(std::size_t examples) const {
    const std::size_t smaller = examples / count_, larger_parts = examples % count_;
    return {index_ * smaller + std::min(index_, larger_parts),
            smaller + (index_ < larger_parts ? 1 : 0)};
  }

  /// Views of a batch's tensors; empty behind the last one of a batch of fewer examples.
  Batch part(const Batch& batch) const {
    if (is_whole()) return batch;
    const std::int64_t examples = batch.data.size(0);
    const Part own = of(static_cast<std::size_t>(examples));
    const auto first = static_cast<std::int64_t>(own.first);
    const auto size = static_cast<std::int64_t>(own.size);
    return {batch.data.narrow(0, first, size), batch.target.narrow(0, first, size),
            batch.fraction * static_cast<double>(size) / static_cast<double>(examples)};
  }

  /// A rank's part of a batch that is there as a whole.
  Batch narrowed(const Batch& whole) const {
    if (is_whole()) return whole;
    TORCH_CHECK(whole.fraction == 1, "interchoice: a share of batches is shared again");
    const at::Tensor& data = whole.data;
    const at::Tensor& target = whole.target;
    TORCH_CHECK(data.dim() > 0 && target.dim() > 0 && data.size(0) == target.size(0),
                "interchoice: a batch of data ", data.sizes(), " and target ", target.sizes(),
                " cannot be shared by ranks; the first size of both has to be its examples");
    TORCH_CHECK(data.size(0) >= static_cast<std::int64_t>(count_), "interchoice: a batch of ",
                data.size(0), " examples cannot be shared by ", count_,
                " ranks; leave it out, or take larger batches or fewer ranks");
    return part(whole);
  }

 private:
  std::size_t index_ = 0;
  std::size_t count_ = 1;
};

}  // namespace interchoice::detail
