#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <stdexcept>
#include <unordered_set>
#include <vector>

#include "interchoice/core/enumeration.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"

namespace interchoice {

/// `count` different architectures of a distribution, in the order in which they are first drawn.
///
/// *Throws*: `std::runtime_error` when 100 (count + 1) draws in a row were all drawn before; and
/// what drawing throws.
template <Distribution AnyDistribution>
std::vector<Architecture<drawn_space_t<AnyDistribution>>> distinct_architectures(
    const AnyDistribution& distribution, std::uint64_t count, Seed seed) {
  using Path = Architecture<drawn_space_t<AnyDistribution>>;
  std::vector<Path> drawn;
  std::unordered_set<Path> seen;
  std::uint64_t fruitless = 0;
  for (std::uint64_t position = 0; drawn.size() < count; ++position) {
    CounterRandom random(seed, Stream::kEvaluation, 0, position);
    const Path path = distribution(random);
    if (seen.insert(path).second) {
      drawn.push_back(path);
      fruitless = 0;
    } else if (++fruitless == 100 * (count + 1)) {
      throw std::runtime_error(fmt::format(
          "interchoice: {} different architectures are asked for; a distribution gave {}, and none "
          "of another {} draws was new. Ask for fewer, or widen the distribution",
          count, drawn.size(), fruitless));
    }
  }
  return drawn;
}

/// `count` different architectures of a restriction, uniformly at random; all of them, in
/// lexicographic order, where the restriction allows no more than `count`.
///
/// *Source*: the paper evaluates up to 1,000 random architectures (section 4).
template <SearchSpace Space>
std::vector<Architecture<Space>> distinct_architectures(const Restriction<Space>& restriction,
                                                        std::uint64_t count, Seed seed) {
  const std::uint64_t size = restriction.architecture_count();
  if (size == 0 || size > count) return distinct_architectures(Uniform(restriction), count, seed);
  const auto every = every_architecture(restriction);
  return {every.begin(), every.end()};
}

}  // namespace interchoice
