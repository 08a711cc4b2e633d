#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "interchoice/data/image.hpp"

namespace interchoice {

/// The filter w(t) that resizing weighs pixels with; t is the distance from the wanted place.
enum class Interpolation : std::uint8_t {
  kNearest,   ///< the one pixel under the centre of the wanted one
  kBox,       ///< 1 for |t| < 1/2: the mean
  kBilinear,  ///< 1 - |t|
  kBicubic,   ///< the cubic convolution with a = -1/2; |t| < 2
  kLanczos,   ///< sinc(t) sinc(t / 3); |t| < 3
};

/// The pixels that `resize` may look at.
enum class Surroundings : std::uint8_t {
  kHidden,   ///< nothing outside the region: cut first, then resize
  kVisible,  ///< everything: resize the whole image, then cut
};

namespace detail {

constexpr double filter_support(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::kNearest:
      return 0;
    case Interpolation::kBox:
      return 0.5;
    case Interpolation::kBilinear:
      return 1;
    case Interpolation::kBicubic:
      return 2;
    case Interpolation::kLanczos:
      return 3;
  }
  throw std::invalid_argument("interchoice: resize by an interpolation that does not exist");
}

inline double sinc(double t) {
  return t == 0 ? 1 : std::sin(std::numbers::pi * t) / (std::numbers::pi * t);
}

inline double filter_weight(Interpolation interpolation, double t) {
  const double distance = std::abs(t);
  switch (interpolation) {
    case Interpolation::kNearest:
      return 1;
    case Interpolation::kBox:
      return t > -0.5 && t <= 0.5 ? 1 : 0;
    case Interpolation::kBilinear:
      return std::max(0.0, 1 - distance);
    case Interpolation::kBicubic:
      if (distance < 1) return (1.5 * distance - 2.5) * distance * distance + 1;
      if (distance < 2) return ((-0.5 * distance + 2.5) * distance - 4) * distance + 2;
      return 0;
    case Interpolation::kLanczos:
      return distance < 3 ? sinc(t) * sinc(t / 3) : 0;
  }
  return 0;
}

// How one row or column is resized: value o of the result is
//   sum over k < counts[o] of weights[o * stride + k] * value[begins[o] + k],  in units of 2^-22.
struct Resampling {
  std::vector<std::int64_t> begins;
  std::vector<std::int64_t> counts;
  std::vector<std::int32_t> weights;
  std::int64_t stride = 0;
};

// Bytes times these weights, summed up, stay below 2^31 for every filter above.
inline constexpr int kWeightBits = 22;

// Maps [begin, begin + length] onto `out` values, looking at the values `low` to `high` - 1.
inline Resampling make_resampling(double begin, double length, std::int64_t low, std::int64_t high,
                                  std::int64_t out, Interpolation interpolation) {
  const double step = length / static_cast<double>(out);
  const double widening = std::max(step, 1.0);  // against aliasing when the image gets smaller
  const double support = filter_support(interpolation) * widening;
  Resampling result;
  result.stride = std::min(high - low, static_cast<std::int64_t>(std::ceil(2 * support)) + 2);
  result.weights.resize(static_cast<std::size_t>(out * result.stride));
  std::vector<double> exact;
  for (std::int64_t o = 0; o < out; ++o) {
    const double centre = begin + (static_cast<double>(o) + 0.5) * step;
    std::int64_t from = static_cast<std::int64_t>(std::floor(centre));
    std::int64_t to = from + 1;
    if (interpolation != Interpolation::kNearest) {
      from = static_cast<std::int64_t>(std::floor(centre - support + 0.5));
      to = static_cast<std::int64_t>(std::floor(centre + support + 0.5));
    }
    from = std::clamp(from, low, high - 1);
    to = std::clamp(to, from + 1, high);
    exact.clear();
    double sum = 0;
    for (std::int64_t i = from; i < to; ++i) {
      exact.push_back(
          filter_weight(interpolation, (static_cast<double>(i) + 0.5 - centre) / widening));
      sum += exact.back();
    }
    // Rounding can leave a box without a pixel.
    if (sum == 0) sum = exact[0] = 1;
    for (std::size_t k = 0; k < exact.size(); ++k) {
      result.weights[static_cast<std::size_t>(o * result.stride) + k] =
          static_cast<std::int32_t>(std::lround(exact[k] / sum * (1 << kWeightBits)));
    }
    result.begins.push_back(from);
    result.counts.push_back(to - from);
  }
  return result;
}

inline std::uint8_t to_byte(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

// One row of pixels.
inline void resample_row(const Resampling& x, const std::uint8_t* row, std::uint8_t* out) {
  constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);
  const std::int32_t* weights = x.weights.data();
  for (std::size_t o = 0; o < x.begins.size(); ++o, weights += x.stride) {
    const std::uint8_t* pixel = row + 3 * x.begins[o];
    std::int32_t red = kHalf, green = kHalf, blue = kHalf;
    for (std::int64_t k = 0; k < x.counts[o]; ++k, pixel += 3) {
      red += weights[k] * pixel[0];
      green += weights[k] * pixel[1];
      blue += weights[k] * pixel[2];
    }
    *out++ = to_byte(red);
    *out++ = to_byte(green);
    *out++ = to_byte(blue);
  }
}

}  // namespace detail

/// A region of an image in another size, antialiased: where a side becomes shorter, the filter is
/// as many times wider, so that every pixel counts.
///
///   y[o] = sum_i w((i + 1/2 - c) / s) x[i] / sum_i w((i + 1/2 - c) / s),
///   c = begin + (o + 1/2) length / out,  s = max(length / out, 1)
///
/// first along the rows, then along the columns, each rounded to bytes.
///
/// *Throws*: `std::invalid_argument` if the image is malformed, the region is empty or not within
/// the image, or the size is not positive.
///
/// *Source*: the definitions of Pillow's `Image.resize`, which torchvision's transforms of images
/// use, down to the rounding: equal to Pillow 10.4 in every bit, except for kNearest where a centre
/// lies between two pixels. Later releases may resize columns first.
inline Image resize(const Image& image, const Region& region, std::int64_t height,
                    std::int64_t width, Interpolation interpolation,
                    Surroundings surroundings = Surroundings::kHidden) {
  check_image(image);
  constexpr double kSlack = 1e-6;  // a region may have been computed
  const auto fits = [](double begin, double length, std::int64_t size) {
    return begin >= -kSlack && length > 0 && begin + length <= static_cast<double>(size) + kSlack;
  };
  if (height < 1 || width < 1 || !fits(region.top, region.height, image.height) ||
      !fits(region.left, region.width, image.width)) {
    throw std::invalid_argument(fmt::format(
        "interchoice: resize of the region of {} x {} pixels at ({}, {}) of an image of {} x {} to "
        "{} x {}; it must lie within the image, and no side may be 0",
        region.height, region.width, region.top, region.left, image.height, image.width, height,
        width));
  }
  const auto along = [&](double begin, double length, std::int64_t size, std::int64_t out) {
    std::int64_t low = 0, high = size;
    if (surroundings == Surroundings::kHidden) {
      low = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(begin + kSlack)), 0,
                                     size - 1);
      high = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(begin + length - kSlack)),
                                      low + 1, size);
    }
    return detail::make_resampling(begin, length, low, high, out, interpolation);
  };
  const detail::Resampling x = along(region.left, region.width, image.width, width);
  const detail::Resampling y = along(region.top, region.height, image.height, height);

  const std::int64_t first = y.begins.front();
  std::int64_t rows = 0;
  for (std::size_t o = 0; o < y.begins.size(); ++o) {
    rows = std::max(rows, y.begins[o] + y.counts[o] - first);
  }
  const std::int64_t bytes = 3 * width;  // a row
  std::vector<std::uint8_t> between(static_cast<std::size_t>(rows * bytes));
  for (std::int64_t row = 0; row < rows; ++row) {
    detail::resample_row(x, image.pixels.data() + (first + row) * 3 * image.width,
                         between.data() + row * bytes);
  }

  Image result = black_image(height, width);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(bytes));
  for (std::int64_t o = 0; o < height; ++o) {
    const auto at = static_cast<std::size_t>(o);
    std::fill(sums.begin(), sums.end(), 1 << (detail::kWeightBits - 1));
    std::int32_t* const sum = sums.data();
    for (std::int64_t k = 0; k < y.counts[at]; ++k) {
      const std::int32_t weight = y.weights[static_cast<std::size_t>(o * y.stride + k)];
      const std::uint8_t* const row = between.data() + (y.begins[at] - first + k) * bytes;
#ifdef _OPENMP
#pragma omp simd
#endif
      for (std::int64_t i = 0; i < bytes; ++i) sum[i] += weight * row[i];
    }
    std::uint8_t* const out = result.pixels.data() + o * bytes;
#ifdef _OPENMP
#pragma omp simd
#endif
    for (std::int64_t i = 0; i < bytes; ++i) {
      out[i] = static_cast<std::uint8_t>(std::clamp(sum[i] >> detail::kWeightBits, 0, 255));
    }
  }
  return result;
}

/// The whole image in another size.
inline Image resize(const Image& image, std::int64_t height, std::int64_t width,
                    Interpolation interpolation) {
  return resize(
      image,
      {.height = static_cast<double>(image.height), .width = static_cast<double>(image.width)},
      height, width, interpolation);
}

}  // namespace interchoice
