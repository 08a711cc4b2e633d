#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"

namespace interchoice {

namespace detail {

// Another allowed candidate of a choice, each with the same probability; the same where there is
// none.
template <SearchSpace Space>
constexpr std::uint8_t other_candidate(const Restriction<Space>& restriction, std::size_t choice,
                                       std::uint8_t candidate, CounterRandom& random) {
  const auto allowed = restriction.candidates(choice);
  std::size_t others = 0;
  for (const std::uint8_t c : allowed) others += c != candidate ? 1 : 0;
  if (others == 0) return candidate;
  std::size_t place = random.below(static_cast<std::uint32_t>(others));
  for (const std::uint8_t c : allowed) {
    if (c != candidate && place-- == 0) return c;
  }
  return candidate;
}

template <SearchSpace Space>
constexpr bool can_change(const Restriction<Space>& restriction, std::size_t choice,
                          std::uint8_t candidate) {
  for (const std::uint8_t c : restriction.candidates(choice)) {
    if (c != candidate) return true;
  }
  return false;
}

// Whether a choice could take the candidate that another one has: the same by name, and allowed.
template <SearchSpace Space>
constexpr bool can_take(const Architecture<Space>& architecture,
                        const Restriction<Space>& restriction, std::size_t choice,
                        std::size_t other) {
  const std::uint8_t candidate = architecture[other];
  for (const std::uint8_t c : restriction.candidates(choice)) {
    if (c == candidate) {
      return Space::candidate_name(choice, c) == Space::candidate_name(other, candidate);
    }
  }
  return false;
}

template <SearchSpace Space>
constexpr bool can_exchange(const Architecture<Space>& architecture,
                            const Restriction<Space>& restriction, std::size_t i, std::size_t j) {
  return architecture[i] != architecture[j] && can_take(architecture, restriction, i, j) &&
         can_take(architecture, restriction, j, i);
}

}  // namespace detail

/// The architecture with one choice changed: choice and new candidate are uniform, among those that
/// a restriction allows. The same architecture where nothing else is allowed.
///
/// *Source*: the mutation of Real et al., "Regularized Evolution for Image Classifier Architecture
/// Search" (2019), for spaces of choices.
template <SearchSpace Space>
constexpr Architecture<Space> mutate_one(const Architecture<Space>& architecture,
                                         const Restriction<Space>& restriction,
                                         CounterRandom& random) {
  std::uint32_t changeable = 0;
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    changeable += detail::can_change(restriction, choice, architecture[choice]) ? 1 : 0;
  }
  if (changeable == 0) return architecture;
  std::uint32_t place = random.below(changeable);
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    if (!detail::can_change(restriction, choice, architecture[choice])) continue;
    if (place-- == 0) {
      return architecture.with(
          choice, detail::other_candidate(restriction, choice, architecture[choice], random));
    }
  }
  return architecture;
}

/// The architecture with the candidates of two choices exchanged. The pair is uniform among those
/// that have different candidates and whose candidates exist by name, and are allowed, at the other
/// choice. Where there is no such pair, one choice is changed as by `mutate_one`.
///
/// It keeps what candidates of their own cost, so it leads from one architecture just below a limit
/// to another, where changing one choice leads beyond the limit or far below it.
template <SearchSpace Space>
constexpr Architecture<Space> exchange_two(const Architecture<Space>& architecture,
                                           const Restriction<Space>& restriction,
                                           CounterRandom& random) {
  std::uint32_t pairs = 0;
  for (std::size_t j = 1; j < Space::choice_count; ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      pairs += detail::can_exchange(architecture, restriction, i, j) ? 1 : 0;
    }
  }
  if (pairs == 0) return mutate_one(architecture, restriction, random);
  std::uint32_t place = random.below(pairs);
  for (std::size_t j = 1; j < Space::choice_count; ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      if (!detail::can_exchange(architecture, restriction, i, j)) continue;
      if (place-- == 0) return architecture.with(i, architecture[j]).with(j, architecture[i]);
    }
  }
  return architecture;
}

/// The architecture with each choice changed with a probability, independently; 1 / choices changes
/// one on average.
///
/// *Throws*: `std::invalid_argument` if the probability is outside [0, 1].
///
/// *Source*: bitwise mutation, Deb et al. (2002), for more than two values.
template <SearchSpace Space>
constexpr Architecture<Space> mutate_each(const Architecture<Space>& architecture,
                                          const Restriction<Space>& restriction, double probability,
                                          CounterRandom& random) {
  if (!(probability >= 0 && probability <= 1)) {
    throw std::invalid_argument("interchoice: mutate_each: probability " +
                                std::to_string(probability) + " is outside [0, 1]");
  }
  Architecture<Space> mutated = architecture;
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    if (random.unit() >= probability) continue;
    mutated = mutated.with(
        choice, detail::other_candidate(restriction, choice, architecture[choice], random));
  }
  return mutated;
}

/// A child of two: each choice from one or the other with probability 1/2, independently. What both
/// parents are allowed, the child is.
///
/// *Source*: uniform crossover (Syswerda 1989), as SPOS (Guo et al. 2020) uses it on paths.
template <SearchSpace Space>
constexpr Architecture<Space> crossover(const Architecture<Space>& mother,
                                        const Architecture<Space>& father, CounterRandom& random) {
  std::array<std::uint8_t, Space::choice_count> candidates{};
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    candidates[choice] = random.below(2) == 0 ? mother[choice] : father[choice];
  }
  return Architecture<Space>(candidates);
}

}  // namespace interchoice
