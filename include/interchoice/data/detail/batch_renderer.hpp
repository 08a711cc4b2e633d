#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "interchoice/data/augmentation.hpp"
#include "interchoice/data/batch.hpp"
#include "interchoice/data/detail/normalisation_table.hpp"
#include "interchoice/data/image_set.hpp"
#include "interchoice/data/normalisation.hpp"

namespace interchoice::detail {

/// Changes, normalises and lays out images in one pass over their bytes.
class BatchRenderer {
 public:
  BatchRenderer(ImageSet set, const Normalisation& normalisation) : set_(std::move(set)) {
    check(set_);
    table_ = normalisation_table(normalisation, set_.images.size(1), set_.white);
  }

  const ImageSet& set() const { return set_; }

  /// The batch whose b-th image is image images[b] of the set, changed by changes[b].
  Batch operator()(std::span<const std::int64_t> images,
                   std::span<const ImageChange> changes) const {
    const auto count = static_cast<std::int64_t>(images.size());
    const std::int64_t pixels = set_.images.numel() / set_.size();
    Batch batch{at::empty({count, set_.images.size(1), set_.images.size(2), set_.images.size(3)},
                          at::TensorOptions(at::kFloat), at::MemoryFormat::ChannelsLast),
                at::empty({count}, at::TensorOptions(at::kLong))};
    auto* const data = batch.data.mutable_data_ptr<float>();
    auto* const target = batch.target.mutable_data_ptr<std::int64_t>();
    const auto* const labels = set_.labels.const_data_ptr<std::int64_t>();
    const std::int64_t images_a_thread = std::max<std::int64_t>(1, kPixelsAThread / pixels);
    at::parallel_for(0, count, images_a_thread, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) {
        const auto at = static_cast<std::size_t>(b);
        render(images[at], changes[at], data + b * pixels);
        target[b] = labels[images[at]];
      }
    });
    return batch;
  }

 private:
  // Starting a thread's share takes some microseconds, as long as some thousand pixels.
  static constexpr std::int64_t kPixelsAThread = 32768;

  void render(std::int64_t image, const ImageChange& change, float* out) const {
    const std::int64_t channels = set_.images.size(1);
    const std::int64_t height = set_.images.size(2);
    const std::int64_t width = set_.images.size(3);
    const std::int64_t plane = height * width;
    const std::uint8_t* const raw =
        set_.images.const_data_ptr<std::uint8_t>() + image * channels * plane;
    for (std::int64_t y = 0; y < height; ++y) {
      const std::int64_t raw_y = y + change.down;
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t raw_x = (change.flip ? width - 1 - x : x) + change.right;
        const bool inside = raw_y >= 0 && raw_y < height && raw_x >= 0 && raw_x < width;
        const float* value_of = table_.data();
        for (std::int64_t c = 0; c < channels; ++c, value_of += 256) {
          *out++ = value_of[inside ? raw[c * plane + raw_y * width + raw_x] : 0];
        }
      }
    }
  }

  ImageSet set_;
  std::vector<float> table_;  // [C, 256]
};

}  // namespace interchoice::detail
