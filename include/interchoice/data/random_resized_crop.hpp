#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>

#include "interchoice/core/random.hpp"
#include "interchoice/data/image.hpp"

namespace interchoice {

/// A random rectangle of an image: its fraction of the area is uniform in
/// [min_area, max_area], the logarithm of width / height in [log min_ratio, log max_ratio], its
/// place uniform among the whole pixels.
struct RandomResizedCrop {
  double min_area = 0.08;
  double max_area = 1;
  double min_ratio = 3.0 / 4;
  double max_ratio = 4.0 / 3;
};

/// *Throws*: `std::invalid_argument` unless 0 < min_area <= max_area <= 1 and
/// 0 < min_ratio <= max_ratio, finite.
inline void check_crop(const RandomResizedCrop& crop) {
  if (!(crop.min_area > 0 && crop.min_area <= crop.max_area && crop.max_area <= 1)) {
    throw std::invalid_argument(fmt::format(
        "interchoice: random resized crop of {} to {} of the area; 0 < min_area <= max_area <= 1 "
        "is needed",
        crop.min_area, crop.max_area));
  }
  if (!(crop.min_ratio > 0 && crop.min_ratio <= crop.max_ratio && std::isfinite(crop.max_ratio))) {
    throw std::invalid_argument(fmt::format(
        "interchoice: random resized crop of ratio {} to {}; 0 < min_ratio <= max_ratio is needed",
        crop.min_ratio, crop.max_ratio));
  }
}

/// Draws the rectangle for an image of that size; its edges lie between pixels.
///
/// Up to ten attempts draw area and ratio; the first rectangle that fits is placed. Otherwise the
/// largest central one whose ratio is allowed.
///
/// *Throws*: `std::invalid_argument` as `check_crop`, or if a side is not 1 to 2^31.
///
/// *Source*: torchvision's `RandomResizedCrop.get_params`, rounding included.
inline Region draw_crop(const RandomResizedCrop& crop, std::int64_t height, std::int64_t width,
                        CounterRandom& random) {
  check_crop(crop);
  constexpr std::int64_t kLargest = std::int64_t{1} << 31;
  if (height < 1 || width < 1 || height > kLargest || width > kLargest) {
    throw std::invalid_argument(fmt::format(
        "interchoice: random resized crop of an image of {} x {} pixels; each side must have 1 to "
        "{}",
        height, width, kLargest));
  }
  const auto h = static_cast<double>(height);
  const auto w = static_cast<double>(width);
  const double low = std::log(crop.min_ratio);
  const double high = std::log(crop.max_ratio);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = h * w * (crop.min_area + (crop.max_area - crop.min_area) * random.unit());
    const double ratio = std::exp(low + (high - low) * random.unit());
    const double crop_width = std::nearbyint(std::sqrt(area * ratio));
    const double crop_height = std::nearbyint(std::sqrt(area / ratio));
    if (crop_width < 1 || crop_width > w || crop_height < 1 || crop_height > h) continue;
    const auto places = [&](double free) { return static_cast<std::uint32_t>(free) + 1; };
    const double top = random.below(places(h - crop_height));
    const double left = random.below(places(w - crop_width));
    return {top, left, crop_height, crop_width};
  }
  double crop_width = w;
  double crop_height = h;
  if (w / h < crop.min_ratio) {
    crop_height = std::clamp(std::nearbyint(w / crop.min_ratio), 1.0, h);
  } else if (w / h > crop.max_ratio) {
    crop_width = std::clamp(std::nearbyint(h * crop.max_ratio), 1.0, w);
  }
  return {std::floor((h - crop_height) / 2), std::floor((w - crop_width) / 2), crop_height,
          crop_width};
}

}  // namespace interchoice
