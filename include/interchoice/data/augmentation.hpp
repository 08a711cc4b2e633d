#pragma once

#include <c10/util/Exception.h>

#include <cstdint>

#include "interchoice/core/random.hpp"

namespace interchoice {

/// The random changes of training images that all have one size. The default is none.
///
/// `shift` s: the raw image gets a border of s zero pixels on each side and is cut to its old size
/// at one of the (2s + 1)^2 places, all equally probable. `flip`: then it is mirrored, left to
/// right, with probability 1/2.
///
/// *Source*: the border is black (value 0) and becomes -mean/standard deviation by normalisation,
/// as in DARTS; it is not the mean grey that padding after normalisation gives.
struct Augmentation {
  std::int64_t shift = 0;  ///< pixels
  bool flip = false;
};

/// The paper's for CIFAR-10: shift by up to 4 pixels, flip.
inline constexpr Augmentation kCifar10Augmentation{.shift = 4, .flip = true};

/// *Throws*: `c10::Error` if the shift is negative or more than 32,767.
inline void check_augmentation(const Augmentation& augmentation) {
  TORCH_CHECK(augmentation.shift >= 0 && augmentation.shift <= 32767,
              "interchoice: augmentation by a shift of up to ", augmentation.shift,
              " pixels; 0 to 32767 is possible");
}

/// The change of one image: pixel (y, x) of the result is pixel
///
///   (y + down, (flip ? W - 1 - x : x) + right)
///
/// of the raw image, or 0 outside it.
struct ImageChange {
  std::int64_t down = 0;   ///< -shift to shift
  std::int64_t right = 0;  ///< -shift to shift
  bool flip = false;

  friend bool operator==(const ImageChange&, const ImageChange&) = default;
};

/// Draws the change of one image, independent of all others: key the generator by the epoch and the
/// image's position in it.
///
/// Draws the same numbers whether or not it needs them: without the flip the shifts stay.
///
/// *Throws*: `c10::Error` as `check_augmentation`.
inline ImageChange draw_change(const Augmentation& augmentation, CounterRandom random) {
  check_augmentation(augmentation);
  const auto places = static_cast<std::uint32_t>(2 * augmentation.shift + 1);
  ImageChange change;
  change.down = random.below(places) - augmentation.shift;
  change.right = random.below(places) - augmentation.shift;
  change.flip = random.below(2) == 1 && augmentation.flip;
  return change;
}

}  // namespace interchoice
