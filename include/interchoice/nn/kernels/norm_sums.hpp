#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace interchoice::detail {

/// The rows of a BatchNorm's input in the parts and the order in which libtorch adds them: as many
/// ranges as there are threads. The result depends on their number, as libtorch's does.
template <class Scalar>
class NormSums {
 public:
  NormSums(std::int64_t rows, std::int64_t channels)
      : rows_(rows),
        channels_(channels),
        ranges_(at::in_parallel_region() ? 1 : at::get_num_threads()) {}

  /// `width` sums over all rows: `add(begin, end, sums)` adds those of some rows to `sums`.
  template <class Add>
  std::vector<double> sum(std::int64_t width, const Add& add) const {
    std::vector<Scalar> parts(static_cast<std::size_t>(ranges_ * width), Scalar{0});
    for_ranges([&](std::int64_t range, std::int64_t begin, std::int64_t end) {
      for (; begin < end; begin += tile_rows()) {
        add(begin, std::min(end, begin + tile_rows()), parts.data() + range * width);
      }
    });
    std::vector<double> total(static_cast<std::size_t>(width), 0);
    for (std::size_t p = 0; p < parts.size(); ++p) total[p % total.size()] += double{parts[p]};
    return total;
  }

  /// `visit(begin, end)` for all rows.
  template <class Visit>
  void visit(const Visit& visit) const {
    for_ranges([&](std::int64_t, std::int64_t begin, std::int64_t end) {
      for (; begin < end; begin += tile_rows()) visit(begin, std::min(end, begin + tile_rows()));
    });
  }

  /// The same, the last ones first: they are still in a cache.
  template <class Visit>
  void visit_backwards(const Visit& visit) const {
    for_ranges([&](std::int64_t, std::int64_t begin, std::int64_t end) {
      for (; begin < end; end -= std::min(end - begin, tile_rows())) {
        visit(std::max(begin, end - tile_rows()), end);
      }
    });
  }

 private:
  // Few enough for the nearest cache, so that all columns find them there.
  std::int64_t tile_rows() const {
    return std::max<std::int64_t>(1,
                                  16384 / (channels_ * static_cast<std::int64_t>(sizeof(Scalar))));
  }

  template <class Task>
  void for_ranges(const Task& task) const {
    const std::int64_t size = (rows_ + ranges_ - 1) / ranges_;
    at::parallel_for(0, ranges_, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t range = first; range < last; ++range) {
        task(range, std::min(rows_, range * size), std::min(rows_, (range + 1) * size));
      }
    });
  }

  std::int64_t rows_;
  std::int64_t channels_;
  std::int64_t ranges_;
};

}  // namespace interchoice::detail
