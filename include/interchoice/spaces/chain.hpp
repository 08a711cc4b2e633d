#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "interchoice/core/space.hpp"

namespace interchoice {

/// A sequential space: one location a choice, each applied to the output of the one before.
/// `Choices` are `Candidates<...>`, one for each choice; they may differ.
///
/// Dataflow priors are the locations before, nearest first, as in registration order.
template <class... Choices>
struct MixedChain {
  static_assert(sizeof...(Choices) >= 1,
                "interchoice: a chain needs at least one choice; give it Candidates<...>");
  static_assert((Choices::names_are_distinct() && ...),
                "interchoice: the candidates of a choice need different names; rename one of them");

  static constexpr std::string_view name = "chain";
  static constexpr std::size_t choice_count = sizeof...(Choices);
  static constexpr std::size_t location_period = choice_count;
  static constexpr bool repeats = false;

  static constexpr std::size_t candidate_count(std::size_t choice) { return counts_[choice]; }
  static constexpr std::string_view candidate_name(std::size_t choice, std::size_t c) {
    return names_[choice][c];
  }
  static constexpr CandidateKind candidate_kind(std::size_t choice, std::size_t c) {
    return kinds_[choice][c];
  }
  static constexpr std::size_t choice_at(std::size_t location) { return location; }
  static constexpr LocationList dataflow_priors(std::size_t location) {
    LocationList priors;
    for (std::size_t back = 1; back <= location && back <= LocationList::kCapacity; ++back) {
      priors.push_back(location - back);
    }
    return priors;
  }

  /// Calls `visit.operator()<Op>()` for each candidate of a choice, in order.
  template <class Visitor>
  static constexpr void for_each_candidate(std::size_t choice, Visitor&& visit) {
    std::size_t i = 0;
    ((i++ == choice ? Choices::for_each(visit) : void()), ...);
  }

 private:
  static constexpr std::array<std::size_t, choice_count> counts_{Choices::count...};
  static constexpr std::array<const std::string_view*, choice_count> names_{
      Choices::names.data()...};
  static constexpr std::array<const CandidateKind*, choice_count> kinds_{Choices::kinds.data()...};
};

namespace detail {

template <class Choice, std::size_t>
using Repeated = Choice;

template <class Choice, class Indices>
struct RepeatedChain;

template <class Choice, std::size_t... Is>
struct RepeatedChain<Choice, std::index_sequence<Is...>> {
  using type = MixedChain<Repeated<Choice, Is>...>;
};

}  // namespace detail

/// A sequential space of `Length` choices with the same candidates:
/// `Chain<6, Candidates<Conv3, Conv5, Skip>>`.
template <std::size_t Length, class Choice>
struct Chain : detail::RepeatedChain<Choice, std::make_index_sequence<Length>>::type {
  static_assert(Length >= 1, "interchoice: Chain<Length, ...> needs Length >= 1");

  template <class Visitor>
  static constexpr void for_each_candidate(std::size_t, Visitor&& visit) {
    Choice::for_each(visit);
  }
};

}  // namespace interchoice
