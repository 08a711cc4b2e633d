#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "interchoice/core/candidate.hpp"

namespace interchoice::detail {

/// The choices of a space, a `Candidates<...>` each: the part that chains and cells have in common.
template <class... Choices>
struct ChoiceList {
  static_assert((Choices::names_are_distinct() && ...),
                "interchoice: the candidates of a choice need different names; rename one of them");

  static constexpr std::size_t choice_count = sizeof...(Choices);

  static constexpr std::size_t candidate_count(std::size_t choice) { return counts_[choice]; }
  static constexpr std::string_view candidate_name(std::size_t choice, std::size_t c) {
    return names_[choice][c];
  }
  static constexpr CandidateKind candidate_kind(std::size_t choice, std::size_t c) {
    return kinds_[choice][c];
  }

  /// Calls `visit.operator()<Op>()` for each candidate of a choice, in order.
  template <class Visitor>
  static constexpr void for_each_candidate(std::size_t choice, Visitor&& visit) {
    using Visit = void (*)(std::size_t, Visitor&);
    // A table: equal choices are instantiated once.
    constexpr std::array<Visit, choice_count> kVisits{
        &Choices::template for_each_candidate<Visitor&>...};
    kVisits[choice](choice, visit);
  }

 private:
  static constexpr std::array<std::size_t, choice_count> counts_{Choices::count...};
  static constexpr std::array<const std::string_view*, choice_count> names_{
      Choices::names.data()...};
  static constexpr std::array<const CandidateKind*, choice_count> kinds_{Choices::kinds.data()...};
};

/// The choices of a space that derives from a `ChoiceList`.
template <class... Choices>
ChoiceList<Choices...> choices_of(const ChoiceList<Choices...>&);

/// The choices of one list, then those of the other.
template <class... A, class... B>
ChoiceList<A..., B...> operator+(ChoiceList<A...>, ChoiceList<B...>);

template <class T, std::size_t>
using Same = T;

template <template <class...> class List, class T, std::size_t... Is>
List<Same<T, Is>...> repeated(std::index_sequence<Is...>);

/// `List<T, ..., T>` with `Count` elements.
template <template <class...> class List, class T, std::size_t Count>
using Repeated = decltype(repeated<List, T>(std::make_index_sequence<Count>()));

}  // namespace interchoice::detail
