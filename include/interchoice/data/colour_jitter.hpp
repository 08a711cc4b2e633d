#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "interchoice/core/random.hpp"
#include "interchoice/data/image.hpp"

namespace interchoice {

/// The random changes of a training image's colours: each factor is uniform in
/// [max(0, 1 - strength), 1 + strength]. A strength of 0 leaves that property alone.
struct ColourJitter {
  double brightness = 0;
  double contrast = 0;
  double saturation = 0;
};

/// *Throws*: `std::invalid_argument` if a strength is negative or not finite.
inline void check_jitter(const ColourJitter& jitter) {
  for (const double strength : {jitter.brightness, jitter.contrast, jitter.saturation}) {
    if (!(strength >= 0 && std::isfinite(strength))) {
      throw std::invalid_argument(
          fmt::format("interchoice: colour jitter of strength {}; 0 or more is needed", strength));
    }
  }
}

/// The change of one image's colours: the three changes with their factors f, in `order`.
/// Each moves every value v away from or towards a grey g,
///
///   v := g + f (v - g),
///
/// cut to 0 to 255: brightness from g = 0, contrast from the image's mean grey, saturation from
/// the pixel's own grey. Grey is 0.299 R + 0.587 G + 0.114 B, rounded.
struct ColourChange {
  /// The property that is changed.
  enum class Kind : std::uint8_t { kBrightness, kContrast, kSaturation };

  std::array<double, 3> factors = {1, 1, 1};  ///< by kind; 1 changes nothing
  std::array<Kind, 3> order = {Kind::kBrightness, Kind::kContrast, Kind::kSaturation};

  friend bool operator==(const ColourChange&, const ColourChange&) = default;
};

/// Draws the change of one image; each of the six orders is equally probable.
///
/// *Throws*: `std::invalid_argument` as `check_jitter`.
///
/// *Source*: torchvision's `ColorJitter.get_params`.
inline ColourChange draw_change(const ColourJitter& jitter, CounterRandom& random) {
  check_jitter(jitter);
  ColourChange change;
  const std::array strengths{jitter.brightness, jitter.contrast, jitter.saturation};
  for (std::size_t kind = 0; kind < strengths.size(); ++kind) {
    const double low = std::max(0.0, 1 - strengths[kind]);
    change.factors[kind] = low + (1 + strengths[kind] - low) * random.unit();
    if (strengths[kind] == 0) change.factors[kind] = 1;
  }
  for (std::uint32_t last = 3; last > 1; --last) {
    std::swap(change.order[last - 1], change.order[random.below(last)]);
  }
  return change;
}

namespace detail {

inline std::uint8_t grey_of(const std::uint8_t* pixel) {
  return static_cast<std::uint8_t>(
      (19595 * pixel[0] + 38470 * pixel[1] + 7471 * pixel[2] + 32768) >> 16);
}

inline std::uint8_t moved(float grey, std::uint8_t value, float factor) {
  const float result = grey + factor * (static_cast<float>(value) - grey);
  return static_cast<std::uint8_t>(std::clamp(result, 0.0f, 255.0f));
}

}  // namespace detail

/// An image with its colours changed.
///
/// *Source*: Pillow's `ImageEnhance`, which torchvision's `ColorJitter` uses, rounding included.
inline Image recoloured(Image image, const ColourChange& change) {
  check_image(image);
  std::uint8_t* const begin = image.pixels.data();
  std::uint8_t* const end = begin + image.pixels.size();
  for (const ColourChange::Kind kind : change.order) {
    const auto factor = static_cast<float>(change.factors[static_cast<std::size_t>(kind)]);
    if (factor == 1) continue;
    if (kind == ColourChange::Kind::kSaturation) {
      for (std::uint8_t* pixel = begin; pixel != end; pixel += 3) {
        const float grey = detail::grey_of(pixel);
        for (int c = 0; c < 3; ++c) pixel[c] = detail::moved(grey, pixel[c], factor);
      }
      continue;
    }
    float grey = 0;
    if (kind == ColourChange::Kind::kContrast) {
      std::uint64_t sum = 0;
      for (const std::uint8_t* pixel = begin; pixel != end; pixel += 3) {
        sum += detail::grey_of(pixel);
      }
      grey = static_cast<float>(std::floor(
          static_cast<double>(sum) / static_cast<double>(image.height * image.width) + 0.5));
    }
    std::array<std::uint8_t, 256> table;  // a byte has 256 values
    for (std::size_t value = 0; value < table.size(); ++value) {
      table[value] = detail::moved(grey, static_cast<std::uint8_t>(value), factor);
    }
    for (std::uint8_t* value = begin; value != end; ++value) *value = table[*value];
  }
  return image;
}

}  // namespace interchoice
