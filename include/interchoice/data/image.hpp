#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace interchoice {

/// An image of any size: bytes of red, green and blue, pixel after pixel, row after row.
///
/// *Shapes*: `pixels` [height, width, 3].
struct Image {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels = {};
};

/// A black image of that size.
inline Image black_image(std::int64_t height, std::int64_t width) {
  return {height, width, std::vector<std::uint8_t>(static_cast<std::size_t>(3 * height * width))};
}

/// *Throws*: `std::invalid_argument` unless there are pixels, as many as height and width say.
inline void check_image(const Image& image) {
  if (image.height < 1 || image.width < 1 ||
      static_cast<std::int64_t>(image.pixels.size()) != 3 * image.height * image.width) {
    throw std::invalid_argument(fmt::format(
        "interchoice: an image of {} x {} pixels has {} bytes; 3 a pixel are needed, and at least "
        "one pixel",
        image.height, image.width, image.pixels.size()));
  }
}

/// A rectangle of an image, in pixels; pixel (y, x) covers [y, y + 1] x [x, x + 1], so that an
/// edge may lie within a pixel.
struct Region {
  double top = 0;
  double left = 0;
  double height = 0;
  double width = 0;

  friend bool operator==(const Region&, const Region&) = default;
};

/// The rectangle in an image that was made smaller or larger by `factor`.
constexpr Region scaled(const Region& region, double factor) {
  return {region.top * factor, region.left * factor, region.height * factor, region.width * factor};
}

}  // namespace interchoice
