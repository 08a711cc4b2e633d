#pragma once

// Spaces of candidates without meaning, for tests of what holds in every space.

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "interchoice/core/candidate.hpp"
#include "interchoice/spaces/cell.hpp"
#include "interchoice/spaces/chain.hpp"

namespace interchoice::testing {

/// A candidate whose name is its number: `op7`.
template <std::size_t I>
struct Numbered {
  static constexpr std::size_t digits = I < 10 ? 1 : I < 100 ? 2 : 3;
  static constexpr auto letters = [] {
    std::array<char, 2 + digits> letters{'o', 'p'};
    std::size_t rest = I;
    for (std::size_t i = digits; i-- > 0; rest /= 10) {
      letters[2 + i] = static_cast<char>('0' + rest % 10);
    }
    return letters;
  }();
  static constexpr std::string_view name{letters.data(), letters.size()};
};

template <class Indices>
struct NumberedList;
template <std::size_t... Is>
struct NumberedList<std::index_sequence<Is...>> {
  using type = Candidates<Numbered<Is>...>;
};

/// `N` candidates.
template <std::size_t N>
using numbered = typename NumberedList<std::make_index_sequence<N>>::type;

using Single = Chain<1, numbered<1>>;
using Small = Chain<4, numbered<3>>;
using Mixed = MixedChain<numbered<2>, numbered<5>, numbered<1>, numbered<3>>;
using Wide = Chain<8, numbered<255>>;     // 255^8 architectures: the most that 64 bits can count
using TooWide = Chain<9, numbered<255>>;  // cannot be counted
template <std::size_t Nodes>
using NumberedCell = Cell<Nodes, numbered<3>>;

}  // namespace interchoice::testing
