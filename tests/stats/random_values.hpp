#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "interchoice/core/random.hpp"

/// `count` integers out of {0, …, distinct - 1} as doubles: few distinct ones make many ties.
inline std::vector<double> random_values(std::uint64_t seed, std::size_t count,
                                         std::uint32_t distinct) {
  interchoice::CounterRandom random(interchoice::Seed{seed}, interchoice::Stream::kPaths, 0, 0);
  std::vector<double> values(count);
  for (double& value : values) value = random.below(distinct);
  return values;
}
