#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "interchoice/core/random.hpp"
#include "interchoice/data/colour_jitter.hpp"
#include "interchoice/data/picture.hpp"
#include "interchoice/data/random_resized_crop.hpp"
#include "interchoice/data/resize.hpp"

namespace interchoice {

/// Which random changes a training picture of any size undergoes. The default is none: pictures are
/// shown as in evaluation.
///
/// `crop`, resized to the wanted square by one of the two `interpolations`, each with probability
/// 1/2; then `jitter`; then, for `flip`, left and right exchanged with probability 1/2.
struct PictureAugmentation {
  std::optional<RandomResizedCrop> crop = {};
  std::array<Interpolation, 2> interpolations = {Interpolation::kBilinear,
                                                 Interpolation::kBilinear};
  ColourJitter jitter = {};
  bool flip = false;
};

/// The paper's for super-networks on SubImageNet.
inline constexpr PictureAugmentation kSubImageNetSupernetAugmentation{
    .crop = RandomResizedCrop{.min_area = 0.4, .max_area = 1}, .flip = true};

/// The paper's for stand-alone networks on SubImageNet.
///
/// *Source*: "random interpolation" is bilinear or bicubic, as in timm, whose name for it that is.
inline constexpr PictureAugmentation kSubImageNetEvaluationAugmentation{
    .crop = RandomResizedCrop{.min_area = 0.08, .max_area = 1},
    .interpolations = {Interpolation::kBilinear, Interpolation::kBicubic},
    .jitter = {.brightness = 0.4, .contrast = 0.4, .saturation = 0.4},
    .flip = true};

/// *Throws*: `std::invalid_argument` if crop or jitter are not what they should be.
inline void check(const PictureAugmentation& augmentation) {
  if (augmentation.crop) check(*augmentation.crop);
  check(augmentation.jitter);
}

/// What happens to one picture.
struct PictureChange {
  std::optional<Region> crop = {};
  Interpolation interpolation = Interpolation::kBilinear;
  ColourChange colours = {};
  bool flip = false;

  friend bool operator==(const PictureChange&, const PictureChange&) = default;
};

/// Draws the change of one picture of that size, independent of all others: key the generator by
/// the epoch and the picture's position in it.
///
/// Draws flip, interpolation and colours whether or not it needs them, and the crop last: switching
/// one off leaves the others as they are.
///
/// *Throws*: `std::invalid_argument` as `check`.
inline PictureChange draw_change(const PictureAugmentation& augmentation, std::int64_t height,
                                 std::int64_t width, CounterRandom random) {
  check(augmentation);
  PictureChange change;
  change.flip = random.below(2) == 1 && augmentation.flip;
  change.interpolation = augmentation.interpolations[random.below(2)];
  change.colours = draw_change(augmentation.jitter, random);
  if (augmentation.crop) change.crop = draw_crop(*augmentation.crop, height, width, random);
  return change;
}

}  // namespace interchoice
