#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "interchoice/core/enumeration.hpp"
#include "interchoice/sampling/uniform.hpp"

namespace interchoice {

/// `count` different architectures of a restriction, uniformly at random; all of them, in
/// lexicographic order, where the restriction allows no more than `count`.
///
/// *Source*: the paper evaluates up to 1,000 random architectures (section 4).
template <SearchSpace Space>
std::vector<Architecture<Space>> distinct_architectures(const Restriction<Space>& restriction,
                                                        std::uint64_t count, Seed seed) {
  const std::uint64_t size = restriction.architecture_count();
  std::vector<Architecture<Space>> drawn;
  if (size != 0 && size <= count) {
    const auto every = every_architecture(restriction);
    drawn.assign(every.begin(), every.end());
    return drawn;
  }
  std::unordered_set<Architecture<Space>> seen;
  const UniformSampler<Space> sample(restriction, seed, Stream::kEvaluation);
  for (std::uint64_t position = 0; drawn.size() < count; ++position) {
    const Architecture<Space> architecture = sample(0, position);
    if (seen.insert(architecture).second) drawn.push_back(architecture);
  }
  return drawn;
}

}  // namespace interchoice
