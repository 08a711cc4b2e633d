#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "interchoice/data/image_set.hpp"

namespace interchoice {

/// y = (v / white - mean[channel]) / deviation[channel] for a pixel value v.
///
/// *Units*: of v / white, so 0 to 1.
struct Normalisation {
  std::vector<double> mean;
  std::vector<double> deviation;
};

/// *Throws*: `c10::Error` unless there is one finite mean and one finite, positive deviation for
/// each of the channels.
inline void check(const Normalisation& normalisation, std::int64_t channels) {
  const auto count = static_cast<std::size_t>(channels);
  TORCH_CHECK(normalisation.mean.size() == count && normalisation.deviation.size() == count,
              "interchoice: normalisation with ", normalisation.mean.size(), " means and ",
              normalisation.deviation.size(), " deviations; the images have ", channels,
              " channels, each needs one of both");
  for (std::size_t c = 0; c < count; ++c) {
    TORCH_CHECK(std::isfinite(normalisation.mean[c]) && std::isfinite(normalisation.deviation[c]) &&
                    normalisation.deviation[c] > 0,
                "interchoice: normalisation of channel ", c, " by mean ", normalisation.mean[c],
                " and deviation ", normalisation.deviation[c],
                "; both must be finite, the deviation positive");
  }
}

/// CIFAR-10's: mean and population standard deviation of the 50,000 original training images.
///
/// *Source*: the constants of DARTS and its successors; the reference uses them.
inline Normalisation cifar10_normalisation() {
  return {{0.49139968, 0.48215827, 0.44653124}, {0.24703233, 0.24348505, 0.26158768}};
}

/// ImageNet's.
///
/// *Source*: the constants of torchvision's reference training.
inline Normalisation imagenet_normalisation() {
  return {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
}

/// Mean and population standard deviation of each channel of a set.
///
/// Pixels are counted by value, so the sums are exact, in any order.
inline Normalisation measure_normalisation(const ImageSet& set) {
  check(set);
  const std::int64_t channels = set.images.size(1);
  const std::int64_t plane = set.images.size(2) * set.images.size(3);
  std::vector<std::array<std::int64_t, 256>> counts(static_cast<std::size_t>(channels));
  const std::uint8_t* pixel = set.images.const_data_ptr<std::uint8_t>();
  for (std::int64_t image = 0; image < set.size(); ++image) {
    for (auto& count : counts) {
      for (std::int64_t i = 0; i < plane; ++i) ++count[*pixel++];
    }
  }
  Normalisation result;
  const auto total = static_cast<double>(set.size() * plane);
  for (const auto& count : counts) {
    double sum = 0;
    for (std::size_t v = 0; v < 256; ++v) {
      sum += static_cast<double>(count[v]) * static_cast<double>(v);
    }
    const double mean = sum / total;
    double squares = 0;
    for (std::size_t v = 0; v < 256; ++v) {
      const double difference = static_cast<double>(v) - mean;
      squares += static_cast<double>(count[v]) * difference * difference;
    }
    result.mean.push_back(mean / set.white);
    result.deviation.push_back(std::sqrt(squares / total) / set.white);
  }
  return result;
}

}  // namespace interchoice
