#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/data/batch.hpp"
#include "interchoice/data/batches_of.hpp"
#include "interchoice/data/central_crop.hpp"
#include "interchoice/data/colour_jitter.hpp"
#include "interchoice/data/crop_augmentation.hpp"
#include "interchoice/data/detail/normalisation_table.hpp"
#include "interchoice/data/image.hpp"
#include "interchoice/data/image_folder.hpp"
#include "interchoice/data/jpeg.hpp"
#include "interchoice/data/normalisation.hpp"
#include "interchoice/data/resize.hpp"
#include "interchoice/io/digest.hpp"

namespace interchoice::detail {

/// The largest scale denominator that leaves `oversampling` times as many pixels a side as are
/// wanted of the region.
inline int scale_denominator_for(const Region& region, std::int64_t size, double oversampling) {
  const double spare =
      std::min(region.height, region.width) / (static_cast<double>(size) * oversampling);
  return spare >= 8 ? 8 : spare >= 4 ? 4 : spare >= 2 ? 2 : 1;
}

/// The images of a folder as examples: read, decoded, cut, resized, coloured, normalised and laid
/// out.
class FolderExamples {
 public:
  struct Options {
    CentralCrop crop;
    Normalisation normalisation;
    CropAugmentation augmentation;
    double oversampling;
  };

  FolderExamples(ImageFolder folder, Options options)
      : folder_(std::move(folder)),
        options_(std::move(options)),
        table_(normalisation_table(options_.normalisation, 3, 255)) {
    check_central_crop(options_.crop);
    check_augmentation(options_.augmentation);
    TORCH_CHECK(options_.oversampling >= 1, "interchoice: oversampling ", options_.oversampling,
                "; at least 1 is needed, infinity decodes everything in full");
    TORCH_CHECK(folder_.size() > 0, "interchoice: an image folder without images");
  }

  std::int64_t size() const { return folder_.size(); }

  Batch operator()(std::span<const std::int64_t> images) const {
    return batch_of(images, [](std::size_t, std::int64_t, std::int64_t) { return CropChange{}; });
  }
  Batch operator()(std::span<const std::int64_t> images, const ExampleRandom& random) const {
    return batch_of(images, [&](std::size_t b, std::int64_t height, std::int64_t width) {
      return draw_change(options_.augmentation, height, width, random(b));
    });
  }

  std::string text() const {
    Digest digest;
    for (std::int64_t i = 0; i < folder_.size(); ++i) {
      const std::filesystem::path& path = folder_.path(i);
      digest.add((path.parent_path().filename() / path.filename()).string());
      digest.add(fmt::format("{} {}", folder_.label(i), std::filesystem::file_size(path)));
    }
    return fmt::format(
        "{} JPEG files of {} classes, digest of names and sizes {}, central {} of {} pixels, "
        "oversampling {}, damaged files {}, {}, {}",
        folder_.size(), folder_.classes(), digest.text(), options_.crop.size, options_.crop.resize,
        options_.oversampling, folder_.options().jpeg.accept_damaged ? "accepted" : "refused",
        text_of(options_.normalisation), text_of(options_.augmentation));
  }

 private:
  // The batch whose b-th image is image images[b] of the folder, changed by change(b, height,
  // width). If images cannot be read, the error is that of the first one, on any number of threads.
  template <class Change>
  Batch batch_of(std::span<const std::int64_t> images, const Change& change) const {
    const auto count = static_cast<std::int64_t>(images.size());
    const std::int64_t side = options_.crop.size;
    Batch batch{at::empty({count, 3, side, side}, at::TensorOptions(at::kFloat),
                          at::MemoryFormat::ChannelsLast),
                at::empty({count}, at::TensorOptions(at::kLong))};
    auto* const data = batch.data.mutable_data_ptr<float>();
    auto* const target = batch.target.mutable_data_ptr<std::int64_t>();
    std::vector<std::exception_ptr> errors(images.size());
    at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) {
        const auto at = static_cast<std::size_t>(b);
        try {
          render(images[at], at, change, data + b * 3 * side * side);
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

  template <class Change>
  void render(std::int64_t index, std::size_t b, const Change& change_of, float* out) const {
    const std::vector<std::uint8_t> bytes = folder_.encoded(index);
    const std::string source = folder_.path(index).string();
    const JpegOptions& jpeg = folder_.options().jpeg;
    const JpegHeader header = interchoice::read_jpeg_header(bytes, source, jpeg);
    const CropChange change = change_of(b, header.height, header.width);
    const std::int64_t side = options_.crop.size;
    const Region region =
        change.crop ? *change.crop : central_region(options_.crop, header.height, header.width);
    const int denominator = scale_denominator_for(region, side, options_.oversampling);
    Image image = resize(decode_jpeg(bytes, source, jpeg, denominator),
                         scaled(region, 1.0 / denominator), side, side, change.interpolation,
                         change.crop ? Surroundings::kHidden : Surroundings::kVisible);
    image = recoloured(std::move(image), change.colours);
    for (std::int64_t y = 0; y < side; ++y) {
      for (std::int64_t x = 0; x < side; ++x) {
        const std::int64_t from = change.flip ? side - 1 - x : x;
        const std::uint8_t* const pixel = image.pixels.data() + 3 * (y * side + from);
        for (std::size_t c = 0; c < 3; ++c) *out++ = table_[256 * c + pixel[c]];
      }
    }
  }

  ImageFolder folder_;
  Options options_;
  std::vector<float> table_;  // [3, 256]
};

}  // namespace interchoice::detail
