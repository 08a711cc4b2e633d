#pragma once

#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "interchoice/core/architecture.hpp"
#include "interchoice/search/objective.hpp"

namespace interchoice {

/// A condition on architectures, as the distance from meeting it.
///
/// `violation` is 0 or less where it is met, else positive, the larger the worse. An architecture
/// that violates one is *infeasible*: it is worse than every feasible one, and its objectives are
/// never computed. Among infeasible ones the smaller sum of violations is better, so several
/// constraints should be on one scale: `at_most` and `at_least` divide by the limit.
template <SearchSpace Space>
struct Constraint {
  std::string name = {};  ///< for messages
  std::function<double(const Architecture<Space>&)> violation = {};
};

namespace detail {

inline double relative_to(double difference, double limit) {
  const double size = limit < 0 ? -limit : limit;
  return size > 0 ? difference / size : difference;
}

}  // namespace detail

/// value(a) <= limit. The violation is (value - limit) / |limit|; undivided for the limit 0.
template <SearchSpace Space, class Callable>
Constraint<Space> at_most(std::string name, Callable value, double limit) {
  detail::require_number_of_architecture<Callable, Space>();
  return {std::move(name), [value = std::move(value), limit](const Architecture<Space>& a) {
            return detail::relative_to(value(a) - limit, limit);
          }};
}

/// value(a) >= limit. The violation is (limit - value) / |limit|; undivided for the limit 0.
template <SearchSpace Space, class Callable>
Constraint<Space> at_least(std::string name, Callable value, double limit) {
  detail::require_number_of_architecture<Callable, Space>();
  return {std::move(name), [value = std::move(value), limit](const Architecture<Space>& a) {
            return detail::relative_to(limit - value(a), limit);
          }};
}

/// A condition that is met or not. The violation is 0 or 1, so a search finds no way towards it:
/// where a distance is known, give it as `violation`.
template <SearchSpace Space, class Predicate>
Constraint<Space> must_satisfy(std::string name, Predicate is_met) {
  static_assert(
      std::is_invocable_r_v<bool, const Predicate&, const Architecture<Space>&>,
      "interchoice: must_satisfy<Space> needs a predicate (const Architecture<Space>&) const "
      "that returns a bool; check its argument and result");
  return {std::move(name), [is_met = std::move(is_met)](const Architecture<Space>& a) {
            return is_met(a) ? 0.0 : 1.0;
          }};
}

}  // namespace interchoice
