#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <optional>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/data/central_crop.hpp"
#include "interchoice/data/colour_jitter.hpp"
#include "interchoice/data/crop_augmentation.hpp"
#include "interchoice/data/image.hpp"
#include "interchoice/data/random_resized_crop.hpp"
#include "interchoice/data/resize.hpp"
#include "support/catch.hpp"
#include "support/chi_square.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using interchoice::testing::chi_square;

namespace {

constexpr std::array kInterpolations{ic::Interpolation::kNearest, ic::Interpolation::kBox,
                                     ic::Interpolation::kBilinear, ic::Interpolation::kBicubic,
                                     ic::Interpolation::kLanczos};

ic::CounterRandom random_of(std::uint64_t position) {
  return {ic::Seed{11}, ic::Stream::kAugmentation, 0, position};
}

ic::Image noise(std::int64_t height, std::int64_t width) {
  ic::Image image = ic::black_image(height, width);
  ic::CounterRandom random = random_of(static_cast<std::uint64_t>(1000 * height + width));
  for (std::uint8_t& value : image.pixels) value = static_cast<std::uint8_t>(random.below(256));
  return image;
}

ic::Image cut(const ic::Image& image, std::int64_t top, std::int64_t left, std::int64_t height,
              std::int64_t width) {
  ic::Image result{height, width};
  for (std::int64_t y = top; y < top + height; ++y) {
    const auto row = image.pixels.begin() + 3 * (y * image.width + left);
    result.pixels.insert(result.pixels.end(), row, row + 3 * width);
  }
  return result;
}

int largest_difference(const ic::Image& a, const ic::Image& b) {
  REQUIRE((a.height == b.height && a.width == b.width && a.pixels.size() == b.pixels.size()));
  int largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(a.pixels[i] - b.pixels[i]));
  }
  return largest;
}

// --- the second computation: every pixel against every pixel, in float64 -------------------------

double weight(ic::Interpolation interpolation, double t) {
  const double d = std::abs(t);
  const auto sinc = [](double x) {
    return x == 0 ? 1 : std::sin(std::numbers::pi * x) / std::numbers::pi / x;
  };
  if (interpolation == ic::Interpolation::kBox) return d < 0.5 ? 1 : 0;
  if (interpolation == ic::Interpolation::kBilinear) return d < 1 ? 1 - d : 0;
  if (interpolation == ic::Interpolation::kLanczos) return d < 3 ? sinc(t) * sinc(t / 3) : 0;
  constexpr double a = -0.5;  // Keys' cubic convolution
  if (d <= 1) return (a + 2) * d * d * d - (a + 3) * d * d + 1;
  if (d < 2) return a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a;
  return 0;
}

// Columns only; exchange() makes rows of them.
ic::Image slowly_along_rows(const ic::Image& image, std::int64_t width,
                            ic::Interpolation interpolation) {
  ic::Image result = ic::black_image(image.height, width);
  const double step = static_cast<double>(image.width) / static_cast<double>(width);
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t o = 0; o < width; ++o) {
      const double centre = (static_cast<double>(o) + 0.5) * step;
      for (std::int64_t c = 0; c < 3; ++c) {
        double sum = 0, weights = 0;
        for (std::int64_t i = 0; i < image.width; ++i) {
          const double w = interpolation == ic::Interpolation::kNearest
                               ? (i == static_cast<std::int64_t>(centre) ? 1 : 0)
                               : weight(interpolation, (static_cast<double>(i) + 0.5 - centre) /
                                                           std::max(step, 1.0));
          weights += w;
          sum += w * image.pixels[static_cast<std::size_t>(3 * (y * image.width + i) + c)];
        }
        result.pixels[static_cast<std::size_t>(3 * (y * width + o) + c)] =
            static_cast<std::uint8_t>(std::clamp(std::round(sum / weights), 0.0, 255.0));
      }
    }
  }
  return result;
}

ic::Image exchange(const ic::Image& image) {
  ic::Image result = ic::black_image(image.width, image.height);
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      for (std::int64_t c = 0; c < 3; ++c) {
        result.pixels[static_cast<std::size_t>(3 * (x * image.height + y) + c)] =
            image.pixels[static_cast<std::size_t>(3 * (y * image.width + x) + c)];
      }
    }
  }
  return result;
}

ic::Image slowly(const ic::Image& image, std::int64_t height, std::int64_t width,
                 ic::Interpolation interpolation) {
  return exchange(slowly_along_rows(exchange(slowly_along_rows(image, width, interpolation)),
                                    height, interpolation));
}

}  // namespace

TEST_CASE("resizing is what its formula says, for every filter, smaller and larger") {
  const auto to = [](ic::Interpolation interpolation, std::array<std::int64_t, 4> sizes) {
    const ic::Image image = noise(sizes[0], sizes[1]);
    const ic::Image result = resize(image, sizes[2], sizes[3], interpolation);
    return largest_difference(result, slowly(image, sizes[2], sizes[3], interpolation));
  };
  for (const ic::Interpolation interpolation : kInterpolations) {
    INFO(static_cast<int>(interpolation));
    for (const std::array<std::int64_t, 4>& sizes : {std::array<std::int64_t, 4>{37, 23, 11, 9},
                                                     {9, 11, 31, 38},
                                                     {41, 7, 10, 19},
                                                     {1, 1, 5, 4},
                                                     {64, 64, 1, 1},
                                                     {13, 17, 13, 6},
                                                     {300, 3, 7, 3}}) {
      INFO(sizes[0] << " x " << sizes[1] << " to " << sizes[2] << " x " << sizes[3]);
      // A weight is off by 2^-23 at most; a rounding at the border then gives the next value.
      CHECK(to(interpolation, sizes) <= 1);
    }
    // The same size changes nothing; one colour stays, also where weights are negative.
    const ic::Image image = noise(12, 15);
    CHECK(resize(image, 12, 15, interpolation).pixels == image.pixels);
    for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{201}, std::uint8_t{255}}) {
      ic::Image plain = ic::black_image(29, 31);
      std::fill(plain.pixels.begin(), plain.pixels.end(), value);
      const ic::Image result = resize(plain, 17, 50, interpolation);
      CHECK(std::all_of(result.pixels.begin(), result.pixels.end(),
                        [&](std::uint8_t other) { return other == value; }));
    }
  }
  // By hand: the mean of two; three quarters and a quarter.
  ic::Image two = ic::black_image(1, 2);
  std::fill(two.pixels.begin() + 3, two.pixels.end(), std::uint8_t{200});
  CHECK(resize(two, 1, 1, ic::Interpolation::kBox).pixels == std::vector<std::uint8_t>(3, 100));
  CHECK(resize(two, 1, 4, ic::Interpolation::kBilinear).pixels ==
        std::vector<std::uint8_t>{0, 0, 0, 50, 50, 50, 150, 150, 150, 200, 200, 200});
  CHECK(resize(two, 1, 4, ic::Interpolation::kNearest).pixels ==
        std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 200, 200, 200, 200, 200, 200});
}

TEST_CASE("a hidden region is cut first, a visible one last") {
  const ic::Image image = noise(40, 52);
  for (const ic::Interpolation interpolation : kInterpolations) {
    INFO(static_cast<int>(interpolation));
    const ic::Region region{.top = 5, .left = 20, .height = 30, .width = 32};
    CHECK(largest_difference(resize(image, region, 12, 40, interpolation),
                             resize(cut(image, 5, 20, 30, 32), 12, 40, interpolation)) == 0);
    // Half the size, then rows 3 to 12, columns 10 to 25; the region in the image is twice that.
    const ic::Image half = resize(image, 20, 26, interpolation);
    const ic::Region place{.top = 6, .left = 20, .height = 20, .width = 32};
    const ic::Image last = resize(image, place, 10, 16, interpolation, ic::Surroundings::kVisible);
    CHECK(largest_difference(last, cut(half, 3, 10, 10, 16)) <= 1);
    if (interpolation == ic::Interpolation::kBicubic) {
      CHECK(largest_difference(last, resize(image, place, 10, 16, interpolation)) > 1);
    }
  }
  const auto refused = [&](ic::Region region, std::int64_t height) {
    CHECK_THROWS_WITH(resize(image, region, height, 4, ic::Interpolation::kBox),
                      Contains("of an image of 40 x 52") && Contains("within the image"));
  };
  refused({.top = 0, .left = 0, .height = 41, .width = 1}, 4);
  refused({.top = 0, .left = 50, .height = 1, .width = 3}, 4);
  refused({.top = -1, .left = 0, .height = 5, .width = 5}, 4);
  refused({.top = 0, .left = 0, .height = 0, .width = 5}, 4);
  refused({.top = 0, .left = 0, .height = std::nan(""), .width = 5}, 4);
  refused({.top = 0, .left = 0, .height = 5, .width = 5}, 0);
  CHECK_THROWS_WITH(resize(ic::Image{2, 2}, 1, 1, ic::Interpolation::kBox),
                    Contains("has 0 bytes; 3 a pixel"));
}

TEST_CASE("the random resized crop is torchvision's") {
  // Step by step out of the same random numbers.
  const ic::RandomResizedCrop crop{.min_area = 0.08, .max_area = 1};
  int fallbacks = 0;
  for (std::uint64_t position = 0; position < 600; ++position) {
    const std::int64_t height =
        1 + static_cast<std::int64_t>(random_of(position + 5000).below(400));
    const std::int64_t width = 1 + static_cast<std::int64_t>(random_of(position + 9000).below(400));
    ic::CounterRandom random = random_of(position);
    std::optional<ic::Region> expected;
    for (int attempt = 0; attempt < 10 && !expected; ++attempt) {
      const double area = static_cast<double>(height * width) * (0.08 + 0.92 * random.unit());
      const double ratio =
          std::pow(4.0 / 3, 2 * random.unit() - 1);  // exp(uniform(-log 4/3, log 4/3))
      const auto w = std::lrint(std::sqrt(area * ratio));
      const auto h = std::lrint(std::sqrt(area / ratio));
      if (w > 0 && w <= width && h > 0 && h <= height) {
        const std::uint32_t top = random.below(static_cast<std::uint32_t>(height - h + 1));
        const std::uint32_t left = random.below(static_cast<std::uint32_t>(width - w + 1));
        expected = ic::Region{double(top), double(left), double(h), double(w)};
      }
    }
    ic::CounterRandom again = random_of(position);
    const ic::Region region = draw_crop(crop, height, width, again);
    INFO(height << " x " << width);
    CHECK((region.top >= 0 && region.left >= 0 && region.height >= 1 && region.width >= 1));
    CHECK(region.top + region.height <= static_cast<double>(height));
    CHECK(region.left + region.width <= static_cast<double>(width));
    fallbacks += !expected;
    if (expected) CHECK(region == *expected);
  }
  CHECK(fallbacks > 10);

  // Nothing fits into a strip: the largest central part of an allowed ratio.
  const auto strip = [](std::int64_t height, std::int64_t width) {
    ic::CounterRandom random = random_of(1);
    return ic::draw_crop({.min_area = 0.9, .max_area = 1}, height, width, random);
  };
  CHECK(strip(30, 1000) == ic::Region{0, 480, 30, 40});
  CHECK(strip(1000, 31) == ic::Region{479, 0, 41, 31});
  CHECK(strip(1, 1) == ic::Region{0, 0, 1, 1});

  // Areas are uniform, so are the logarithms of ratios, and places, each in ten cells.
  std::vector<int> areas(10), ratios(10), places(10);
  for (std::uint64_t position = 0; position < 20000; ++position) {
    ic::CounterRandom random = random_of(position);
    const ic::Region region =
        ic::draw_crop({.min_area = 0.2, .max_area = 0.5}, 10000, 10000, random);
    const auto cell = [](double fraction) {
      return static_cast<std::size_t>(std::clamp(fraction * 10, 0.0, 9.0));
    };
    ++areas[cell((region.height * region.width / 1e8 - 0.2) / 0.3)];
    ++ratios[cell(std::log(region.width / region.height) / std::log(16.0 / 9) + 0.5)];
    ++places[cell(region.top / (10000 - region.height))];
  }
  for (const auto* cells : {&areas, &ratios, &places}) CHECK(chi_square(*cells) < 27.9);  // 99.9 %

  ic::CounterRandom random = random_of(0);
  CHECK_THROWS_WITH(ic::draw_crop({.min_area = 0}, 4, 4, random), Contains("0 < min_area"));
  CHECK_THROWS_WITH(ic::draw_crop({.max_area = 1.5}, 4, 4, random), Contains("1.5"));
  CHECK_THROWS_WITH(ic::draw_crop({.min_ratio = 2, .max_ratio = 1}, 4, 4, random),
                    Contains("0 < min_ratio"));
  CHECK_THROWS_WITH(ic::draw_crop({}, 0, 4, random), Contains("0 x 4"));
}

TEST_CASE("the central crop is torchvision's Resize and CenterCrop") {
  CHECK(ic::kSubImageNetCentralCrop == ic::CentralCrop{.resize = 256, .size = 224});
  CHECK(ic::central_crop(64).resize == 73);
  CHECK(ic::central_crop(112).resize == 128);
  // 375 x 500 becomes 256 x 341; the cut begins at (16, 58): 58.5 is rounded to even.
  const ic::Region region = ic::central_region({}, 375, 500);
  CHECK(region.top == Approx(16 * 375.0 / 256));
  CHECK(region.left == Approx(58 * 500.0 / 341));
  CHECK(region.height == Approx(224 * 375.0 / 256));
  CHECK(region.width == Approx(224 * 500.0 / 341));
  CHECK(ic::central_region({}, 256, 256) == ic::Region{16, 16, 224, 224});
  const ic::Region small = ic::central_region({.resize = 8, .size = 8}, 2, 3);
  CHECK(small.left == Approx(0.5));  // 12 wide: begins at 2 of 12
  const ic::Image image = noise(30, 47);
  const ic::CentralCrop crop{.resize = 20, .size = 14};
  CHECK(largest_difference(
            resize(image, central_region(crop, 30, 47), 14, 14, ic::Interpolation::kBilinear,
                   ic::Surroundings::kVisible),
            cut(slowly(image, 20, 31, ic::Interpolation::kBilinear), 3, 8, 14, 14)) <= 1);

  CHECK_THROWS_WITH(ic::central_region({.resize = 10, .size = 11}, 5, 5),
                    Contains("size <= resize"));
  CHECK_THROWS_WITH(ic::central_region({.resize = 10, .size = 0}, 5, 5), Contains("of 0 pixels"));
  CHECK_THROWS_WITH(ic::central_region({}, 0, 5), Contains("0 x 5"));
}

TEST_CASE("colours move towards grey and away from it") {
  using Kind = ic::ColourChange::Kind;
  const ic::Image image = noise(9, 8);
  const auto grey_of = [](const std::uint8_t* p) {
    return std::round(0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]);
  };
  // The second computation, in float64; where it is close to a whole number both neighbours do.
  const auto differs = [&](Kind kind, double factor) {
    ic::ColourChange change;
    change.factors[static_cast<std::size_t>(kind)] = factor;
    const ic::Image result = recoloured(image, change);
    double mean = 0;
    for (std::size_t i = 0; i < image.pixels.size(); i += 3) mean += grey_of(&image.pixels[i]);
    mean = std::round(mean / 72);
    double largest = 0;
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
      const double grey = kind == Kind::kBrightness ? 0
                          : kind == Kind::kContrast ? mean
                                                    : grey_of(&image.pixels[i - i % 3]);
      const double exact = std::clamp(grey + factor * (image.pixels[i] - grey), 0.0, 255.0);
      largest = std::max(largest, std::abs(exact - result.pixels[i]));
    }
    return largest;
  };
  for (const Kind kind : {Kind::kBrightness, Kind::kContrast, Kind::kSaturation}) {
    for (const double factor : {0.0, 0.6, 0.99, 1.4, 3.0}) {
      INFO(static_cast<int>(kind) << " " << factor);
      CHECK(differs(kind, factor) < 1.0001);
    }
    CHECK(differs(kind, 1) == 0);
  }
  // The order counts: bright first loses what is beyond white.
  ic::Image pixel{1, 2, {250, 100, 10, 20, 30, 40}};
  const ic::ColourChange bright{{1.4, 0.6, 1},
                                {Kind::kBrightness, Kind::kContrast, Kind::kSaturation}};
  const ic::ColourChange flat{{1.4, 0.6, 1},
                              {Kind::kContrast, Kind::kBrightness, Kind::kSaturation}};
  // Grey 135 and 28; brighter (255, 140, 14), (28, 42, 56): grey 160 and 39, mean 100 (99.5 up).
  CHECK(recoloured(pixel, bright).pixels == std::vector<std::uint8_t>{193, 124, 48, 56, 65, 73});
  // Mean 82 (81.5 up): (182, 92, 38), (44, 50, 56), then brighter.
  CHECK(recoloured(pixel, flat).pixels == std::vector<std::uint8_t>{254, 128, 53, 61, 70, 78});

  std::vector<int> orders(27), factors(10);
  for (std::uint64_t position = 0; position < 6000; ++position) {
    ic::CounterRandom random = random_of(position);
    const ic::ColourChange change =
        ic::draw_change({.brightness = 0.4, .contrast = 0, .saturation = 2}, random);
    std::size_t code = 0;
    for (const Kind kind : change.order) code = 3 * code + static_cast<std::size_t>(kind);
    ++orders[code];
    CHECK(change.factors[1] == 1);
    REQUIRE((change.factors[0] >= 0.6 && change.factors[0] < 1.4));
    REQUIRE((change.factors[2] >= 0 && change.factors[2] < 3));
    ++factors[static_cast<std::size_t>((change.factors[0] - 0.6) / 0.08)];
  }
  std::erase(orders, 0);
  REQUIRE(orders.size() == 6);
  CHECK(chi_square(orders) < 20.6);   // 99.9 %
  CHECK(chi_square(factors) < 27.9);  // 99.9 %
  ic::CounterRandom random = random_of(0);
  CHECK_THROWS_WITH(draw_change(ic::ColourJitter{.contrast = -0.1}, random), Contains("-0.1"));
  CHECK_THROWS_WITH(
      draw_change(ic::ColourJitter{.saturation = std::numeric_limits<double>::infinity()}, random),
      Contains("strength inf"));
}

TEST_CASE("the paper's augmentations of images; what is switched off leaves the rest") {
  const ic::CropAugmentation& supernet = ic::kSubImageNetSupernetAugmentation;
  const ic::CropAugmentation& evaluation = ic::kSubImageNetEvaluationAugmentation;
  int flips = 0, bicubic = 0;
  for (std::uint64_t position = 0; position < 400; ++position) {
    const ic::CropChange one = draw_change(supernet, 375, 500, random_of(position));
    const ic::CropChange two = draw_change(evaluation, 375, 500, random_of(position));
    REQUIRE((one.crop && two.crop));
    CHECK(one.crop->height * one.crop->width > 0.39 * 375 * 500);
    CHECK(one.interpolation == ic::Interpolation::kBilinear);
    CHECK(one.colours.factors == std::array<double, 3>{1, 1, 1});
    CHECK(two.colours.factors != one.colours.factors);
    CHECK(one.flip == two.flip);
    flips += one.flip;
    bicubic += two.interpolation == ic::Interpolation::kBicubic;
    ic::CropAugmentation other = evaluation;
    other.jitter = {};
    other.flip = false;
    const ic::CropChange three = draw_change(other, 375, 500, random_of(position));
    CHECK(three.crop == two.crop);
    CHECK(three.interpolation == two.interpolation);
    CHECK_FALSE(three.flip);
  }
  CHECK((flips > 150 && flips < 250 && bicubic > 150 && bicubic < 250));
  ic::ColourChange no_colours = ic::draw_change({}, 3, 4, random_of(0)).colours;
  CHECK(no_colours.factors == std::array<double, 3>{1, 1, 1});
  CHECK_FALSE(ic::draw_change({}, 3, 4, random_of(0)).crop);
  CHECK_THROWS_WITH(check_augmentation(ic::CropAugmentation{.jitter = {.brightness = -1}}),
                    Contains("-1"));
  CHECK_THROWS_WITH(
      check_augmentation(ic::CropAugmentation{.crop = ic::RandomResizedCrop{.min_area = 2}}),
      Contains("min_area"));
}
