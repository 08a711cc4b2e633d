#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "interchoice/core/detail/joined.hpp"
#include "interchoice/data/image_set.hpp"

namespace interchoice {

/// y = (v / white - mean[channel]) / standard_deviation[channel] for a pixel value v.
///
/// *Units*: of v / white, so 0 to 1.
struct Normalisation {
  std::vector<double> mean;
  std::vector<double> standard_deviation;
};

/// *Throws*: `c10::Error` unless there is one finite mean and one finite, positive standard
/// deviation for each of the channels.
inline void check_normalisation(const Normalisation& normalisation, std::int64_t channels) {
  const auto count = static_cast<std::size_t>(channels);
  TORCH_CHECK(
      normalisation.mean.size() == count && normalisation.standard_deviation.size() == count,
      "interchoice: normalisation with ", normalisation.mean.size(), " means and ",
      normalisation.standard_deviation.size(), " standard deviations; the images have ", channels,
      " channels, each needs one of both");
  for (std::size_t c = 0; c < count; ++c) {
    const double mean = normalisation.mean[c];
    const double standard_deviation = normalisation.standard_deviation[c];
    TORCH_CHECK(std::isfinite(mean) && std::isfinite(standard_deviation) && standard_deviation > 0,
                "interchoice: normalisation of channel ", c, " by mean ", mean,
                " and standard deviation ", standard_deviation,
                "; both must be finite, the standard deviation positive");
  }
}

namespace detail {

inline std::string text_of(const Normalisation& normalisation) {
  return fmt::format("mean {}, standard deviation {}", joined(normalisation.mean, " "),
                     joined(normalisation.standard_deviation, " "));
}

}  // namespace detail

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
  check_image_set(set);
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
    result.standard_deviation.push_back(std::sqrt(squares / total) / set.white);
  }
  return result;
}

}  // namespace interchoice
