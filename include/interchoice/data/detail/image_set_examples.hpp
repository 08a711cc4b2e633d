#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/data/augmentation.hpp"
#include "interchoice/data/batch.hpp"
#include "interchoice/data/batches_of.hpp"
#include "interchoice/data/detail/normalisation_table.hpp"
#include "interchoice/data/image_set.hpp"
#include "interchoice/data/normalisation.hpp"
#include "interchoice/io/detail/tensor_digest.hpp"
#include "interchoice/io/digest.hpp"

namespace interchoice::detail {

/// The images of a set as examples: changed, normalised and laid out in one pass over their bytes.
class ImageSetExamples {
 public:
  ImageSetExamples(ImageSet set, Normalisation normalisation, const Augmentation& augmentation)
      : set_(std::move(set)),
        normalisation_(std::move(normalisation)),
        augmentation_(augmentation) {
    check_image_set(set_);
    check_augmentation(augmentation_);
    table_ = normalisation_table(normalisation_, set_.images.size(1), set_.white);
  }

  std::int64_t size() const { return set_.size(); }

  Batch operator()(std::span<const std::int64_t> images) const {
    return render(images, std::vector<ImageChange>(images.size()));
  }
  Batch operator()(std::span<const std::int64_t> images, const ExampleRandom& random) const {
    std::vector<ImageChange> changes;
    for (std::size_t b = 0; b < images.size(); ++b) {
      changes.push_back(draw_change(augmentation_, random(b)));
    }
    return render(images, changes);
  }

  std::string text() const {
    Digest digest;
    add_tensor(digest, set_.images);
    add_tensor(digest, set_.labels);
    return fmt::format(
        "{} images of {}x{}x{}, {} classes, white {}, digest {}, {}, shift {}, flip {}",
        set_.size(), set_.images.size(1), set_.images.size(2), set_.images.size(3), set_.classes,
        set_.white, digest.text(), text_of(normalisation_), augmentation_.shift,
        augmentation_.flip);
  }

 private:
  // A thread takes some microseconds to start, as long as some thousand pixels.
  static constexpr std::int64_t kPixelsAThread = 32768;

  /// The batch whose b-th image is image images[b] of the set, changed by changes[b].
  Batch render(std::span<const std::int64_t> images, std::span<const ImageChange> changes) const {
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
  Normalisation normalisation_;
  Augmentation augmentation_;
  std::vector<float> table_;  // [C, 256]
};

}  // namespace interchoice::detail
