#pragma once

#include <c10/util/Exception.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/data/image_set.hpp"

namespace interchoice {

/// A set in two parts that have no image in common and together have every image.
struct TrainingAndValidation {
  ImageSet training;
  ImageSet validation;
};

/// Takes `validation` random images out of a training set, for example 5,000 of CIFAR-10's 50,000.
///
/// The division is a function of the set's size, the count and the seed (`Stream::kSplit`). Within
/// each part the images keep their order. To divide by a list of indices, use `subset`.
///
/// *Throws*: `c10::Error` unless 0 < validation < size.
///
/// *Source*: 45,000/5,000 is the paper's; which images these are is in neither paper nor reference.
inline TrainingAndValidation hold_out(const ImageSet& set, std::int64_t validation, Seed seed) {
  TORCH_CHECK(validation > 0 && validation < set.size(), "interchoice: ", validation,
              " images for validation, of ", set.size(), "; both parts need at least one");
  std::vector<std::int64_t> order =
      permutation(set.size(), CounterRandom(seed, Stream::kSplit, 0, 0));
  const auto border = order.end() - validation;
  std::sort(order.begin(), border);
  std::sort(border, order.end());
  return {subset(set, std::span(order.begin(), border)),
          subset(set, std::span(border, order.end()))};
}

}  // namespace interchoice
