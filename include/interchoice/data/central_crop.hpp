#pragma once

#include <fmt/core.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>

#include "interchoice/data/image.hpp"

namespace interchoice {

/// The part of an image that evaluation shows: its shorter side becomes `resize` pixels, the longer
/// one keeps the proportion; of that the central square of `size` pixels.
struct CentralCrop {
  std::int64_t resize = 256;  ///< pixels
  std::int64_t size = 224;    ///< pixels

  friend bool operator==(const CentralCrop&, const CentralCrop&) = default;
};

/// The same cut, 224/256 of the shorter side, at another resolution.
constexpr CentralCrop central_crop(std::int64_t size) {
  return {.resize = (size * 256 + 112) / 224, .size = size};
}

/// The paper's for SubImageNet: resize to 256, central 224.
inline constexpr CentralCrop kSubImageNetCentralCrop = central_crop(224);

/// *Throws*: `std::invalid_argument` unless 1 <= size <= resize <= 32,767.
inline void check_central_crop(const CentralCrop& crop) {
  if (crop.size < 1 || crop.resize < crop.size || crop.resize > 32767) {
    throw std::invalid_argument(fmt::format(
        "interchoice: central crop of {} pixels after resizing to {}; 1 <= size <= resize <= 32767 "
        "is needed",
        crop.size, crop.resize));
  }
}

/// The rectangle of an image of that size that the crop shows; its edges may lie within pixels.
/// Resize it with `Surroundings::kVisible`.
///
/// *Source*: torchvision's `Resize` and `CenterCrop`, rounding included.
inline Region central_region(const CentralCrop& crop, std::int64_t height, std::int64_t width) {
  check_central_crop(crop);
  if (height < 1 || width < 1) {
    throw std::invalid_argument(fmt::format(
        "interchoice: central crop of an image of {} x {} pixels; at least one is needed", height,
        width));
  }
  const std::int64_t shorter = height < width ? height : width;
  const auto side = [&](std::int64_t length) { return crop.resize * length / shorter; };
  const auto begin = [&](std::int64_t length) {
    return std::nearbyint(static_cast<double>(side(length) - crop.size) / 2);
  };
  const double down = static_cast<double>(height) / static_cast<double>(side(height));
  const double right = static_cast<double>(width) / static_cast<double>(side(width));
  const auto size = static_cast<double>(crop.size);
  return {begin(height) * down, begin(width) * right, size * down, size * right};
}

}  // namespace interchoice
