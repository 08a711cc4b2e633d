#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace interchoice {

/// A decoded picture: bytes of red, green and blue, pixel after pixel, row after row.
///
/// *Shapes*: `pixels` [height, width, 3].
struct Picture {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels = {};
};

/// A picture of that size, black.
inline Picture black_picture(std::int64_t height, std::int64_t width) {
  return {height, width, std::vector<std::uint8_t>(static_cast<std::size_t>(3 * height * width))};
}

/// *Throws*: `std::invalid_argument` unless there are pixels, as many as height and width say.
inline void check(const Picture& picture) {
  if (picture.height < 1 || picture.width < 1 ||
      static_cast<std::int64_t>(picture.pixels.size()) != 3 * picture.height * picture.width) {
    throw std::invalid_argument("interchoice: a picture of " + std::to_string(picture.height) +
                                " x " + std::to_string(picture.width) + " pixels has " +
                                std::to_string(picture.pixels.size()) +
                                " bytes; 3 a pixel are needed, and at least one pixel");
  }
}

/// A rectangle of a picture, in pixels; pixel (y, x) covers [y, y + 1] x [x, x + 1], so that an
/// edge may lie within a pixel.
struct Region {
  double top = 0;
  double left = 0;
  double height = 0;
  double width = 0;

  friend bool operator==(const Region&, const Region&) = default;
};

/// The rectangle in a picture that was made smaller or larger by `factor`.
constexpr Region scaled(const Region& region, double factor) {
  return {region.top * factor, region.left * factor, region.height * factor, region.width * factor};
}

}  // namespace interchoice
