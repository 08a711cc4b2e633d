#pragma once

#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "interchoice/core/random.hpp"
#include "interchoice/data/colour_jitter.hpp"
#include "interchoice/data/image.hpp"
#include "interchoice/data/random_resized_crop.hpp"
#include "interchoice/data/resize.hpp"

namespace interchoice {

/// The random changes of training images that have different sizes. The default is none: images are
/// shown as in evaluation.
///
/// `crop`, resized to the wanted square by one of the two `interpolations`, each with probability
/// 1/2; then `jitter`; then, for `flip`, mirrored left to right with probability 1/2.
struct CropAugmentation {
  std::optional<RandomResizedCrop> crop = {};
  std::array<Interpolation, 2> interpolations = {Interpolation::kBilinear,
                                                 Interpolation::kBilinear};
  ColourJitter jitter = {};
  bool flip = false;
};

/// The paper's for super-networks on SubImageNet.
inline constexpr CropAugmentation kSubImageNetSupernetAugmentation{
    .crop = RandomResizedCrop{.min_area = 0.4, .max_area = 1}, .flip = true};

/// The paper's for stand-alone networks on SubImageNet.
///
/// *Source*: "random interpolation" is bilinear or bicubic, as in timm, whose name for it that is.
inline constexpr CropAugmentation kSubImageNetEvaluationAugmentation{
    .crop = RandomResizedCrop{.min_area = 0.08, .max_area = 1},
    .interpolations = {Interpolation::kBilinear, Interpolation::kBicubic},
    .jitter = {.brightness = 0.4, .contrast = 0.4, .saturation = 0.4},
    .flip = true};

/// *Throws*: `std::invalid_argument` if crop or jitter are not what they should be.
inline void check_augmentation(const CropAugmentation& augmentation) {
  if (augmentation.crop) check_crop(*augmentation.crop);
  check_jitter(augmentation.jitter);
}

namespace detail {

/// Everything that changes what an augmentation draws.
inline std::string text_of(const CropAugmentation& a) {
  const std::string crop =
      a.crop ? fmt::format("random crop of area {} to {}, ratio {} to {}", a.crop->min_area,
                           a.crop->max_area, a.crop->min_ratio, a.crop->max_ratio)
             : "no random crop";
  return fmt::format("{}, interpolations {} and {}, jitter {} {} {}, flip {}", crop,
                     static_cast<int>(a.interpolations[0]), static_cast<int>(a.interpolations[1]),
                     a.jitter.brightness, a.jitter.contrast, a.jitter.saturation, a.flip);
}

}  // namespace detail

/// The changes of one image.
struct CropChange {
  std::optional<Region> crop = {};
  Interpolation interpolation = Interpolation::kBilinear;
  ColourChange colours = {};
  bool flip = false;

  friend bool operator==(const CropChange&, const CropChange&) = default;
};

/// Draws the change of one image of that size, independent of all others: key the generator by
/// the epoch and the image's position in it.
///
/// Draws flip, interpolation and colours whether or not it needs them, and the crop last: switching
/// one off leaves the others as they are.
///
/// *Throws*: `std::invalid_argument` as `check_augmentation`.
inline CropChange draw_change(const CropAugmentation& augmentation, std::int64_t height,
                              std::int64_t width, CounterRandom random) {
  check_augmentation(augmentation);
  CropChange change;
  change.flip = random.below(2) == 1 && augmentation.flip;
  change.interpolation = augmentation.interpolations[random.below(2)];
  change.colours = draw_change(augmentation.jitter, random);
  if (augmentation.crop) change.crop = draw_crop(*augmentation.crop, height, width, random);
  return change;
}

}  // namespace interchoice
