#pragma once

#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "interchoice/core/architecture.hpp"

namespace interchoice {

/// The better direction of an objective.
enum class Direction { kMinimise, kMaximise };

/// A named number of an architecture, to be maximised or minimised.
///
/// `value` may be any callable: the accuracy by a super-network, parameters, MACs, a latency from a
/// table. A search calls it at most once for an architecture, from the thread that runs the search.
template <SearchSpace Space>
struct Objective {
  std::string name = {};  ///< unique in the problem; also the column in a history's file
  Direction direction = Direction::kMaximise;
  std::function<double(const Architecture<Space>&)> value = {};

  /// The value as a cost, which is to be minimised: -value where it is to be maximised.
  double cost(double of_value) const {
    return direction == Direction::kMaximise ? -of_value : of_value;
  }
};

namespace detail {

template <class Callable, class Space>
constexpr void require_number_of_architecture() {
  static_assert(std::is_invocable_r_v<double, const Callable&, const Architecture<Space>&>,
                "interchoice: an objective or constraint of a search needs a callable (const "
                "Architecture<Space>&) const that returns a number; check its argument and result");
}

}  // namespace detail

/// An objective of which more is better: `maximise<Space>("accuracy", accuracy_of)`.
template <SearchSpace Space, class Callable>
Objective<Space> maximise(std::string name, Callable value) {
  detail::require_number_of_architecture<Callable, Space>();
  return {std::move(name), Direction::kMaximise, std::move(value)};
}

/// An objective of which less is better: `minimise<Space>("latency", latency_of)`.
template <SearchSpace Space, class Callable>
Objective<Space> minimise(std::string name, Callable value) {
  detail::require_number_of_architecture<Callable, Space>();
  return {std::move(name), Direction::kMinimise, std::move(value)};
}

}  // namespace interchoice
