#pragma once

#include <c10/util/Exception.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "interchoice/core/random.hpp"

namespace interchoice::detail {

/// Which images are in which batch: what every batch source has in common.
class BatchOrder {
 public:
  // Where a batch's images stand in the order of the images, whatever that is.
  struct Places {
    std::size_t first;
    std::size_t count;
  };

  BatchOrder(std::int64_t images, std::int64_t batch_size, Seed seed)
      : images_(images), batch_size_(batch_size), seed_(seed) {
    TORCH_CHECK(batch_size > 0, "interchoice: batch size ", batch_size, "; at least 1 is needed");
  }

  std::int64_t example_count() const { return images_; }
  std::int64_t size() const { return (images_ + batch_size_ - 1) / batch_size_; }

  Places places_of(std::int64_t index) const {
    TORCH_CHECK_INDEX(index >= 0 && index < size(), "interchoice: batch ", index, "; ", images_,
                      " images in batches of ", batch_size_, " make batches 0 to ", size() - 1);
    const std::int64_t begin = index * batch_size_;
    const std::int64_t end = std::min(begin + batch_size_, images_);
    return {static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)};
  }

  /// The order in which an epoch of training shows the images.
  std::vector<std::int64_t> training(std::uint64_t epoch) const {
    return random_order(Stream::kDataOrder, epoch);
  }

  /// The images of evaluation batch `index`.
  std::vector<std::int64_t> evaluation(std::int64_t index) const {
    const Places places = places_of(index);
    std::vector<std::int64_t> images(places.count);
    std::iota(images.begin(), images.end(), static_cast<std::int64_t>(places.first));
    return images;
  }

  /// The images of calibration batch `index`.
  std::vector<std::int64_t> calibration(std::int64_t index) const {
    TORCH_CHECK_INDEX(index >= 0, "interchoice: calibration batch ", index, "; they begin at 0");
    const Places places = places_of(index % size());
    const auto order =
        random_order(Stream::kCalibration, static_cast<std::uint64_t>(index / size()));
    const auto images = std::span(order).subspan(places.first, places.count);
    return {images.begin(), images.end()};
  }

  /// What changes the image at a position of an epoch.
  CounterRandom augmentation(std::uint64_t epoch, std::size_t position) const {
    return {seed_, Stream::kAugmentation, epoch, position};
  }

 private:
  std::vector<std::int64_t> random_order(Stream stream, std::uint64_t number) const {
    return permutation(images_, CounterRandom(seed_, stream, number, 0));
  }

  std::int64_t images_;
  std::int64_t batch_size_;
  Seed seed_;
};

}  // namespace interchoice::detail
