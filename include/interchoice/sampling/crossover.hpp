#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "interchoice/core/random.hpp"
#include "interchoice/core/text.hpp"

namespace interchoice {

/// The offspring of two parents: each choice from one or the other with probability 1/2,
/// independently. What both parents are allowed, the offspring is.
///
/// *Source*: uniform crossover (Syswerda 1989), as SPOS (Guo et al. 2020) uses it on paths.
template <SearchSpace Space>
class Crossover {
 public:
  constexpr Crossover(const Architecture<Space>& first, const Architecture<Space>& second)
      : parents_{first, second} {}

  constexpr Architecture<Space> operator()(CounterRandom& random) const {
    std::array<std::uint8_t, Space::choice_count> candidates{};
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      candidates[choice] = parents_[random.below(2)][choice];
    }
    return Architecture<Space>(candidates);
  }

  std::string text() const {
    return "crossover of " + to_text(parents_[0]) + " and " + to_text(parents_[1]);
  }

 private:
  std::array<Architecture<Space>, 2> parents_;
};

}  // namespace interchoice
