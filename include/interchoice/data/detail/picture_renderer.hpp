#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/data/batch.hpp"
#include "interchoice/data/central_crop.hpp"
#include "interchoice/data/colour_jitter.hpp"
#include "interchoice/data/detail/normalisation_table.hpp"
#include "interchoice/data/image_folder.hpp"
#include "interchoice/data/jpeg.hpp"
#include "interchoice/data/normalisation.hpp"
#include "interchoice/data/picture.hpp"
#include "interchoice/data/picture_augmentation.hpp"
#include "interchoice/data/resize.hpp"

namespace interchoice::detail {

/// The largest reduction that leaves `oversampling` times as many pixels a side as are wanted of
/// the region.
inline int reduction_for(const Region& region, std::int64_t size, double oversampling) {
  const double spare =
      std::min(region.height, region.width) / (static_cast<double>(size) * oversampling);
  return spare >= 8 ? 8 : spare >= 4 ? 4 : spare >= 2 ? 2 : 1;
}

/// Reads, decodes, cuts, resizes, colours, normalises and lays out pictures.
class PictureRenderer {
 public:
  struct Options {
    CentralCrop crop;
    double oversampling;
    Normalisation normalisation;
  };

  /// What happens to image b of a batch, once its size is known.
  using Change =
      std::function<PictureChange(std::size_t b, std::int64_t height, std::int64_t width)>;

  PictureRenderer(ImageFolder folder, const Options& options)
      : folder_(std::move(folder)),
        crop_(options.crop),
        oversampling_(options.oversampling),
        table_(normalisation_table(options.normalisation, 3, 255)) {
    check(crop_);
    TORCH_CHECK(oversampling_ >= 1, "interchoice: oversampling ", oversampling_,
                "; at least 1 is needed, infinity decodes everything in full");
    TORCH_CHECK(folder_.size() > 0, "interchoice: an image folder without images");
  }

  const ImageFolder& folder() const { return folder_; }

  /// The batch whose b-th image is image images[b] of the folder, changed by change(b, ...). If
  /// pictures cannot be read, the error is that of the first one, on any number of threads.
  Batch operator()(std::span<const std::int64_t> images, const Change& change) const {
    const auto count = static_cast<std::int64_t>(images.size());
    Batch batch{at::empty({count, 3, crop_.size, crop_.size}, at::TensorOptions(at::kFloat),
                          at::MemoryFormat::ChannelsLast),
                at::empty({count}, at::TensorOptions(at::kLong))};
    auto* const data = batch.data.mutable_data_ptr<float>();
    auto* const target = batch.target.mutable_data_ptr<std::int64_t>();
    std::vector<std::exception_ptr> errors(images.size());
    at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) {
        const auto at = static_cast<std::size_t>(b);
        try {
          render(images[at], at, change, data + b * 3 * crop_.size * crop_.size);
          target[b] = folder_.label(images[at]);
        } catch (...) {
          errors[at] = std::current_exception();
        }
      }
    });
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
    return batch;
  }

 private:
  void render(std::int64_t image, std::size_t at, const Change& change_of, float* out) const {
    const std::vector<std::uint8_t> bytes = folder_.encoded(image);
    const std::string source = folder_.path(image).string();
    const JpegOptions& options = folder_.options().jpeg;
    const JpegHeader header = interchoice::read_jpeg_header(bytes, source, options);
    const PictureChange change = change_of(at, header.height, header.width);
    const Region region =
        change.crop ? *change.crop : central_region(crop_, header.height, header.width);
    const int reduction = reduction_for(region, crop_.size, oversampling_);
    Picture picture =
        resize(decode_jpeg(bytes, source, options, reduction), scaled(region, 1.0 / reduction),
               crop_.size, crop_.size, change.interpolation,
               change.crop ? Surroundings::kHidden : Surroundings::kVisible);
    picture = recoloured(std::move(picture), change.colours);
    for (std::int64_t y = 0; y < crop_.size; ++y) {
      for (std::int64_t x = 0; x < crop_.size; ++x) {
        const std::int64_t from = change.flip ? crop_.size - 1 - x : x;
        const std::uint8_t* const pixel = picture.pixels.data() + 3 * (y * crop_.size + from);
        for (std::size_t c = 0; c < 3; ++c) *out++ = table_[256 * c + pixel[c]];
      }
    }
  }

  ImageFolder folder_;
  CentralCrop crop_;
  double oversampling_;
  std::vector<float> table_;  // [3, 256]
};

}  // namespace interchoice::detail
