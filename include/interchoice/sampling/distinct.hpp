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

namespace detail {

/// Hands what `draw()` gives for the first time to `visit`: `count` architectures, or fewer where
/// that returns false or 100 (count + 1) draws in a row give nothing new.
template <class Draw, class Visit>
void visit_distinct(std::uint64_t count, const Draw& draw, const Visit& visit) {
  std::unordered_set<decltype(draw())> seen;
  std::uint64_t repeats = 0;  // in a row
  while (seen.size() < count && repeats / 100 <= count) {
    const auto architecture = draw();
    const bool is_new = seen.insert(architecture).second;
    repeats = is_new ? 0 : repeats + 1;
    if (is_new && !visit(architecture)) return;
  }
}

}  // namespace detail

/// `count` different architectures of a distribution, in the order in which they are first drawn.
///
/// *Throws*: `std::runtime_error` when 100 (count + 1) draws in a row were all drawn before; and
/// what drawing throws.
template <Distribution AnyDistribution>
std::vector<Architecture<drawn_space_t<AnyDistribution>>> distinct_architectures(
    const AnyDistribution& distribution, std::uint64_t count, Seed seed) {
  using Path = Architecture<drawn_space_t<AnyDistribution>>;
  std::vector<Path> drawn;
  std::uint64_t position = 0;
  const auto draw = [&] {
    CounterRandom random(seed, Stream::kEvaluation, 0, position++);
    return distribution(random);
  };
  detail::visit_distinct(count, draw, [&](const Path& path) {
    drawn.push_back(path);
    return true;
  });
  if (drawn.size() < count) {
    throw std::runtime_error(fmt::format(
        "interchoice: {} different architectures are asked for; a distribution gave {}, and none "
        "of another {} draws was new. Ask for fewer, or widen the distribution",
        count, drawn.size(), 100 * (count + 1)));
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
  if (restriction.architecture_count().value_or(UINT64_MAX) > count) {
    return distinct_architectures(Uniform(restriction), count, seed);
  }
  const auto every = every_architecture(restriction);
  return {every.begin(), every.end()};
}

}  // namespace interchoice
