#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/has_text.hpp"
#include "interchoice/core/random.hpp"

namespace interchoice {

namespace detail {

// The space of the architectures that a value is or holds; void for anything else.
template <class Paths>
struct SpaceOf {
  using type = void;
  static constexpr bool several = false;
};
template <class Space>
struct SpaceOf<Architecture<Space>> {
  using type = Space;
  static constexpr bool several = false;
};
template <class Paths>
requires requires(const Paths& paths, std::size_t i) { paths.begin(), paths.size(), paths[i]; }
struct SpaceOf<Paths> : SpaceOf<std::remove_cvref_t<decltype(std::declval<const Paths&>()[0])>> {
  static constexpr bool several = true;
};

// The same of a callable's result.
template <class Callable, class... Arguments>
struct DrawnBy : SpaceOf<void> {};
template <class Callable, class... Arguments>
requires std::invocable<const Callable&, Arguments...>
struct DrawnBy<Callable, Arguments...>
    : SpaceOf<std::remove_cvref_t<std::invoke_result_t<const Callable&, Arguments...>>> {
};

template <class Callable, class... Arguments>
concept DrawsOne = !std::is_void_v<typename DrawnBy<Callable, Arguments...>::type> &&
                   !DrawnBy<Callable, Arguments...>::several;
template <class Callable, class... Arguments>
concept DrawsSeveral =
    !std::is_void_v<typename DrawnBy<Callable, Arguments...>::type> &&
    DrawnBy<Callable, Arguments...>::several && requires(const Callable& callable) {
  { callable.paths_per_step() } -> std::convertible_to<std::size_t>;
};

}  // namespace detail

/// Draws an architecture from a random source: `Architecture<Space> operator()(CounterRandom&)
/// const`, a function of the numbers that it takes from there and of nothing else.
///
/// Satisfied by `Uniform`, `Weighted`, `Fixed`, `Within`, `Mixture`, `Mutation`, `Crossover` and
/// any callable of the user's own; not by `StrictFair`, which draws several.
template <class T>
concept Distribution = detail::DrawsOne<T, CounterRandom&>;

/// Draws the architectures of one training step together: returns a random-access range of
/// `paths_per_step()` of them.
///
/// Satisfied by `StrictFair`.
template <class T>
concept MultiPathDistribution = detail::DrawsSeveral<T, CounterRandom&>;

/// The space whose architectures a distribution draws; void for what is none.
template <class T>
using drawn_space_t = typename detail::DrawnBy<T, CounterRandom&>::type;

}  // namespace interchoice
