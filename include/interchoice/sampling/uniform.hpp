#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/sampling/sampler.hpp"

namespace interchoice {

namespace detail {

// One candidate for each choice, from the generator's next numbers.
template <SearchSpace Space>
constexpr Architecture<Space> draw_uniformly(const Restriction<Space>& restriction,
                                             CounterRandom& random) {
  std::array<std::uint8_t, Space::choice_count> candidates{};
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    const auto allowed = restriction.candidates(choice);
    candidates[choice] = allowed[random.below(static_cast<std::uint32_t>(allowed.size()))];
  }
  return Architecture<Space>(candidates);
}

}  // namespace detail

/// One candidate for each choice, uniformly and independently, out of a restriction.
///
///   P(c_i = k) = 1 / n_i
///
/// *Source*: SPOS (Guo et al. 2020); paper section 3.2.
template <SearchSpace Space>
class UniformSampler {
 public:
  constexpr UniformSampler(const Restriction<Space>& restriction, Seed seed,
                           Stream stream = Stream::kPaths)
      : restriction_(restriction), seed_(seed), stream_(stream) {}

  /// The architecture of a step: always the same for the same seed, epoch and step.
  constexpr Architecture<Space> operator()(std::uint64_t epoch, std::uint64_t step) const {
    CounterRandom random(seed_, stream_, epoch, step);
    return detail::draw_uniformly(restriction_, random);
  }

  /// The next architecture of a sequence, for loops that count nothing themselves.
  constexpr Architecture<Space> operator()() { return (*this)(0, next_++); }

 private:
  Restriction<Space> restriction_;
  Seed seed_;
  Stream stream_;
  std::uint64_t next_ = 0;
};

}  // namespace interchoice
