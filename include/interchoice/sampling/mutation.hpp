#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/sampling/distribution.hpp"

namespace interchoice {

namespace detail {

// The allowed candidates of a choice other than that of an architecture.
template <SearchSpace Space>
std::vector<std::uint8_t> alternatives(const Architecture<Space>& architecture, std::size_t choice,
                                       const Restriction<Space>& restriction) {
  const auto allowed = restriction.candidates(choice);
  std::vector<std::uint8_t> others(allowed.begin(), allowed.end());
  std::erase(others, architecture[choice]);
  return others;
}

inline double checked_probability(const char* what, double probability) {
  if (!(probability >= 0 && probability <= 1)) {
    throw std::invalid_argument(fmt::format(
        "interchoice: {} with a probability of {}; it must be from 0 to 1", what, probability));
  }
  return probability;
}

// One of several, uniformly.
template <class Value>
const Value& draw_from(const std::vector<Value>& values, CounterRandom& random) {
  return values[random.below(static_cast<std::uint32_t>(values.size()))];
}

}  // namespace detail

/// Changes one choice: choice and new candidate are uniform, among those that a restriction allows.
/// Nothing where nothing else is allowed.
///
/// *Source*: the mutation of Real et al., "Regularized Evolution for Image Classifier Architecture
/// Search" (2019), for spaces of choices.
struct ChangeOne {
  template <SearchSpace Space>
  Architecture<Space> operator()(const Architecture<Space>& parent,
                                 const Restriction<Space>& restriction,
                                 CounterRandom& random) const {
    std::vector<std::size_t> choices;
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      if (!detail::alternatives(parent, choice, restriction).empty()) choices.push_back(choice);
    }
    if (choices.empty()) return parent;
    const std::size_t choice = detail::draw_from(choices, random);
    const auto others = detail::alternatives(parent, choice, restriction);
    return parent.with(choice, detail::draw_from(others, random));
  }

  std::string text() const { return "one choice changed"; }
};

/// Changes each choice with a probability, independently; 1 / choices changes one on average.
///
/// *Throws*: the constructor `std::invalid_argument` if the probability is outside [0, 1].
///
/// *Source*: bitwise mutation, Deb et al. (2002), for more than two values.
class ChangeEach {
 public:
  explicit ChangeEach(double probability)
      : probability_(detail::checked_probability("ChangeEach", probability)) {}

  template <SearchSpace Space>
  Architecture<Space> operator()(const Architecture<Space>& parent,
                                 const Restriction<Space>& restriction,
                                 CounterRandom& random) const {
    Architecture<Space> mutated = parent;
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      if (random.unit() >= probability_) continue;
      const auto others = detail::alternatives(parent, choice, restriction);
      if (!others.empty()) mutated = mutated.with(choice, detail::draw_from(others, random));
    }
    return mutated;
  }

  std::string text() const {
    return fmt::format("each choice changed with probability {}", probability_);
  }

 private:
  double probability_;
};

/// Swaps the candidates of two choices. The pair is uniform among those that have different
/// candidates and whose candidates exist by name, and are allowed, at the other choice. Where there
/// is no such pair, or with a probability below 1 otherwise, one choice is changed as by
/// `ChangeOne`.
///
/// It keeps what candidates of their own cost, so it leads from one architecture just below a limit
/// to another, where changing one choice leads beyond the limit or far below it.
///
/// *Throws*: the constructor as that of `ChangeEach`.
class SwapTwo {
 public:
  explicit SwapTwo(double probability = 1)
      : probability_(detail::checked_probability("SwapTwo", probability)) {}

  template <SearchSpace Space>
  Architecture<Space> operator()(const Architecture<Space>& parent,
                                 const Restriction<Space>& restriction,
                                 CounterRandom& random) const {
    const bool swaps = probability_ == 1 || (probability_ > 0 && random.unit() < probability_);
    if (!swaps) return ChangeOne()(parent, restriction, random);
    const auto can_take = [&](std::size_t choice, std::size_t other) {
      for (const std::uint8_t c : detail::alternatives(parent, choice, restriction)) {
        if (c != parent[other]) continue;
        return Space::candidate_name(choice, c) == Space::candidate_name(other, c);
      }
      return false;
    };
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t j = 1; j < Space::choice_count; ++j) {
      for (std::size_t i = 0; i < j; ++i) {
        if (can_take(i, j) && can_take(j, i)) pairs.emplace_back(i, j);
      }
    }
    if (pairs.empty()) return ChangeOne()(parent, restriction, random);
    const auto [i, j] = detail::draw_from(pairs, random);
    return parent.with(i, parent[j]).with(j, parent[i]);
  }

  std::string text() const {
    return probability_ == 1 ? "two choices swapped"
                             : fmt::format("two choices swapped with probability {}", probability_);
  }

 private:
  double probability_;
};

/// A parent that is changed at random, by `ChangeOne`, `ChangeEach`, `SwapTwo` or a callable
/// `change(parent, restriction, random)` of the user's own.
template <SearchSpace Space, class Change = ChangeOne>
class Mutation {
  static_assert(
      std::is_invocable_r_v<Architecture<Space>, const Change&, const Architecture<Space>&,
                            const Restriction<Space>&, CounterRandom&>,
      "interchoice: Mutation needs a change: a callable (const Architecture<Space>&, const "
      "Restriction<Space>&, CounterRandom&) const that returns an Architecture<Space>");

 public:
  Mutation(const Architecture<Space>& parent, const Restriction<Space>& restriction,
           Change change = {})
      : parent_(parent), restriction_(restriction), change_(std::move(change)) {}

  Architecture<Space> operator()(CounterRandom& random) const {
    return change_(parent_, restriction_, random);
  }

  std::string text() const requires HasText<Change> {
    return fmt::format("{} with {} over {}", to_text(parent_), std::string(change_.text()),
                       to_text(restriction_));
  }

 private:
  Architecture<Space> parent_;
  Restriction<Space> restriction_;
  Change change_;
};

}  // namespace interchoice
