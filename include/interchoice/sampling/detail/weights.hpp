#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>

#include "interchoice/core/random.hpp"

namespace interchoice::detail {

// Refuses weights that are negative or not finite, or whose sum is less than 1e-290: far above the
// denormal numbers, where a place below the sum could round to the sum. `whole()` and `name(i)` say
// in messages what is weighted.
template <class Whole, class Name>
constexpr void check_weights(std::span<const double> weights, const Whole& whole,
                             const Name& name) {
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] >= 0 && weights[i] <= std::numeric_limits<double>::max())) {
      throw std::invalid_argument(fmt::format(
          "interchoice: the weight of {} in {} is {}; it must be finite and not negative", name(i),
          whole(), weights[i]));
    }
    sum += weights[i];
  }
  if (!(sum >= 1e-290 && sum <= std::numeric_limits<double>::max())) {
    throw std::invalid_argument(fmt::format(
        "interchoice: the weights of {} sum to {}; a finite sum of at least 1e-290 is needed",
        whole(), sum));
  }
}

// A place, with probabilities in proportion to the weights.
constexpr std::size_t draw_by_weight(std::span<const double> weights, CounterRandom& random) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  const double at = random.unit() * sum;
  std::size_t place = 0;
  for (double below = weights[0]; !(at < below); below += weights[place]) ++place;
  return place;
}

}  // namespace interchoice::detail
