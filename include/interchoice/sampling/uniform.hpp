#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"

namespace interchoice {

/// One candidate for each choice, uniformly and independently, out of a restriction.
///
///   P(c_i = k) = 1 / n_i
///
/// *Source*: SPOS (Guo et al. 2020); paper section 3.2.
template <SearchSpace Space>
class Uniform {
 public:
  constexpr explicit Uniform(const Restriction<Space>& restriction) : restriction_(restriction) {}

  constexpr Architecture<Space> operator()(CounterRandom& random) const {
    std::array<std::uint8_t, Space::choice_count> candidates{};
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      const auto allowed = restriction_.candidates(choice);
      candidates[choice] = allowed[random.below(static_cast<std::uint32_t>(allowed.size()))];
    }
    return Architecture<Space>(candidates);
  }

  std::string text() const { return fmt::format("uniform over {}", to_text(restriction_)); }

 private:
  Restriction<Space> restriction_;
};

}  // namespace interchoice
