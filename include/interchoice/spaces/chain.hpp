#pragma once

#include <cstddef>
#include <string_view>

#include "interchoice/core/space.hpp"
#include "interchoice/spaces/detail/choice_list.hpp"

namespace interchoice {

namespace detail {

template <SearchSpace Space>
constexpr bool is_chain() {
  if (Space::repeats || Space::location_period != Space::choice_count) return false;
  for (std::size_t location = 0; location < Space::choice_count; ++location) {
    if (Space::choice_at(location) != location) return false;
    const LocationList priors = Space::dataflow_priors(location);
    if (location > 0 && (priors.size() == 0 || priors[0] != location - 1)) return false;
  }
  return true;
}

}  // namespace detail

/// A space whose networks are sequences of blocks: one location a choice, each applied to the
/// output of the one before.
///
/// Satisfied by `Chain`, `MixedChain`, `FairNasSpace` and by any space that declares no repetition,
/// `choice_at(i) == i` and location i - 1 as the nearest dataflow prior of location i. Not
/// satisfied by `Cell`, `CellSequence`, `IndependentCells`.
template <class Space>
concept ChainSpace = SearchSpace<Space> && detail::is_chain<Space>();

/// A sequential space: one location a choice, each applied to the output of the one before.
/// `Choices` are `Candidates<...>`, one for each choice; they may differ.
///
/// Dataflow priors are the locations before, nearest first, as in registration order.
template <class... Choices>
struct MixedChain : detail::ChoiceList<Choices...> {
  static_assert(sizeof...(Choices) >= 1,
                "interchoice: a chain needs at least one choice; give it Candidates<...>");

  static constexpr std::string_view name = "chain";
  static constexpr std::size_t location_period = sizeof...(Choices);
  static constexpr bool repeats = false;

  static constexpr std::size_t choice_at(std::size_t location) { return location; }
  static constexpr LocationList dataflow_priors(std::size_t location) {
    LocationList priors;
    for (std::size_t back = 1; back <= location && back <= LocationList::kCapacity; ++back) {
      priors.push_back(location - back);
    }
    return priors;
  }
};

/// A sequential space of `Length` choices with the same candidates:
/// `Chain<6, Candidates<Conv3, Conv5, Skip>>`.
template <std::size_t Length, class Choice>
struct Chain : detail::Repeated<MixedChain, Choice, Length> {
  static_assert(Length >= 1, "interchoice: Chain<Length, ...> needs Length >= 1");
};

}  // namespace interchoice
