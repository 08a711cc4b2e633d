#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/sampling/detail/choice_texts.hpp"

namespace interchoice {

namespace detail {

// What all mutations are made of: a parent, and the candidates that its choices may take instead.
template <SearchSpace Space>
class MutationOf {
 public:
  constexpr MutationOf(const Architecture<Space>& parent, const Restriction<Space>& restriction)
      : parent_(parent), restriction_(restriction) {}

 protected:
  // The number of allowed candidates of a choice other than the parent's.
  constexpr std::uint32_t alternatives(std::size_t choice) const {
    std::uint32_t count = 0;
    for (const std::uint8_t c : restriction_.candidates(choice)) count += c != parent_[choice];
    return count;
  }

  // One of them, uniformly; the parent's candidate where there is none.
  constexpr std::uint8_t alternative(std::size_t choice, CounterRandom& random) const {
    const std::uint32_t count = alternatives(choice);
    std::uint32_t place = count == 0 ? 0 : random.below(count);
    for (const std::uint8_t c : restriction_.candidates(choice)) {
      if (c != parent_[choice] && place-- == 0) return c;
    }
    return parent_[choice];
  }

  std::string text(const std::string& change) const {
    return fmt::format("{} with {}, over {}", to_text(parent_), change,
                       restriction_text(restriction_));
  }

  Architecture<Space> parent_;
  Restriction<Space> restriction_;
};

}  // namespace detail

/// A parent with one choice changed: choice and new candidate are uniform, among those that a
/// restriction allows. The parent itself where nothing else is allowed.
///
/// *Source*: the mutation of Real et al., "Regularized Evolution for Image Classifier Architecture
/// Search" (2019), for spaces of choices.
template <SearchSpace Space>
class OneMutation : detail::MutationOf<Space> {
 public:
  constexpr OneMutation(const Architecture<Space>& parent, const Restriction<Space>& restriction)
      : detail::MutationOf<Space>(parent, restriction) {}

  constexpr Architecture<Space> operator()(CounterRandom& random) const {
    std::array<std::size_t, Space::choice_count> choices{};
    std::uint32_t count = 0;
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      if (this->alternatives(choice) > 0) choices[count++] = choice;
    }
    if (count == 0) return this->parent_;
    const std::size_t choice = choices[random.below(count)];
    return this->parent_.with(choice, this->alternative(choice, random));
  }

  std::string text() const { return detail::MutationOf<Space>::text("one choice changed"); }
};

/// A parent with each choice changed with a probability, independently; 1 / choices changes one on
/// average.
///
/// *Throws*: the constructor `std::invalid_argument` if the probability is outside [0, 1].
///
/// *Source*: bitwise mutation, Deb et al. (2002), for more than two values.
template <SearchSpace Space>
class EachMutation : detail::MutationOf<Space> {
 public:
  constexpr EachMutation(const Architecture<Space>& parent, const Restriction<Space>& restriction,
                         double probability)
      : detail::MutationOf<Space>(parent, restriction), probability_(probability) {
    if (!(probability >= 0 && probability <= 1)) {
      throw std::invalid_argument(
          fmt::format("interchoice: EachMutation with a probability of {}; it must be from 0 to 1",
                      probability));
    }
  }

  constexpr Architecture<Space> operator()(CounterRandom& random) const {
    Architecture<Space> mutated = this->parent_;
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      if (random.unit() >= probability_) continue;
      mutated = mutated.with(choice, this->alternative(choice, random));
    }
    return mutated;
  }

  std::string text() const {
    return detail::MutationOf<Space>::text(
        fmt::format("each choice changed with probability {}", probability_));
  }

 private:
  double probability_;
};

/// A parent with the candidates of two choices swapped. The pair is uniform among those that have
/// different candidates and whose candidates exist by name, and are allowed, at the other choice.
/// Where there is no such pair, one choice is changed as by `OneMutation`.
///
/// It keeps what candidates of their own cost, so it leads from one architecture just below a limit
/// to another, where changing one choice leads beyond the limit or far below it.
template <SearchSpace Space>
class SwapMutation : detail::MutationOf<Space> {
 public:
  constexpr SwapMutation(const Architecture<Space>& parent, const Restriction<Space>& restriction)
      : detail::MutationOf<Space>(parent, restriction) {}

  constexpr Architecture<Space> operator()(CounterRandom& random) const {
    const Architecture<Space>& parent = this->parent_;
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t j = 1; j < Space::choice_count; ++j) {
      for (std::size_t i = 0; i < j; ++i) {
        if (parent[i] != parent[j] && can_take(i, j) && can_take(j, i)) pairs.emplace_back(i, j);
      }
    }
    if (pairs.empty()) return OneMutation(parent, this->restriction_)(random);
    const auto [i, j] = pairs[random.below(static_cast<std::uint32_t>(pairs.size()))];
    return parent.with(i, parent[j]).with(j, parent[i]);
  }

  std::string text() const { return detail::MutationOf<Space>::text("two choices swapped"); }

 private:
  // Whether a choice could take the candidate of another one: the same by name, and allowed.
  constexpr bool can_take(std::size_t choice, std::size_t other) const {
    const std::uint8_t candidate = this->parent_[other];
    for (const std::uint8_t c : this->restriction_.candidates(choice)) {
      if (c != candidate) continue;
      return Space::candidate_name(choice, c) == Space::candidate_name(other, candidate);
    }
    return false;
  }
};

}  // namespace interchoice
