#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "interchoice/core/restriction.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/search/history.hpp"
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
  /// Whether it asks for what `SearchProblem::prepare` computes, and so comes after that.
  bool uses_prepared = false;
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

/// The objectives and constraints of a search, and the architectures that it may draw.
template <SearchSpace Space>
struct SearchProblem {
  Restriction<Space> restriction = all<Space>;
  std::vector<Objective<Space>> objectives = {};
  std::vector<Constraint<Space>> constraints = {};
  /// Told the architectures that a search evaluates next, before it evaluates them one by one: to
  /// compute together what objectives ask for, as one call of `rank` on many processes does.
  /// Without those that are known, or that violate a constraint. It may be told some that are never
  /// evaluated, as where an observer ends the search. It decides nothing about a search.
  std::function<void(const std::vector<Architecture<Space>>&)> prepare = {};
};

/// Refuses a problem without objectives, with an objective without name or value, with two of one
/// name, or with a constraint without `violation`. Every search begins with it.
///
/// *Throws*: `std::invalid_argument`.
template <SearchSpace Space>
void check_problem(const SearchProblem<Space>& problem) {
  const auto fail = [](const std::string& reason) {
    throw std::invalid_argument(fmt::format("interchoice: a search problem: {}", reason));
  };
  if (problem.objectives.empty()) fail("there is no objective; add maximise<Space>(name, value)");
  for (std::size_t i = 0; i < problem.objectives.size(); ++i) {
    const Objective<Space>& objective = problem.objectives[i];
    if (objective.name.empty() || objective.name == "arch" || objective.name == "violation") {
      fail(fmt::format(
          "objective {} is named '{}'; give it a name that is not empty, 'arch' or 'violation'", i,
          objective.name));
    }
    if (!objective.value) {
      fail(fmt::format("objective '{}' has no value; give a callable", objective.name));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (problem.objectives[j].name == objective.name) {
        fail(fmt::format("two objectives are named '{}'; rename one", objective.name));
      }
    }
  }
  for (const Constraint<Space>& constraint : problem.constraints) {
    if (!constraint.violation) {
      fail(fmt::format("constraint '{}' has no violation; give a callable", constraint.name));
    }
  }
}

namespace detail {

/// *Throws*: `std::invalid_argument` for a number that is NaN or infinite.
template <SearchSpace Space>
double finite(const std::string& name, const Architecture<Space>& architecture, double value) {
  if (!std::isfinite(value)) {
    throw std::invalid_argument(
        fmt::format("interchoice: a search problem: '{}' of '{}' is {}; return a finite number, "
                    "or add a constraint that excludes such architectures",
                    name, to_text(architecture), value));
  }
  return value;
}

/// What a violated constraint adds; 0 where it is met.
template <SearchSpace Space>
double violation_of(const Constraint<Space>& constraint, const Architecture<Space>& architecture) {
  const double violation = constraint.violation(architecture);
  return std::max(0.0, finite(constraint.name, architecture, violation));
}

}  // namespace detail

/// Computes an architecture's violation and, where that is 0, its objectives.
///
///     violation = Σ max(0, violation_k)
///
/// *Throws*: `std::invalid_argument` with the architecture and the name if a number is NaN or
/// infinite; and what the callables throw.
template <SearchSpace Space>
EvaluatedArchitecture<Space> evaluate(const SearchProblem<Space>& problem,
                                      const Architecture<Space>& architecture) {
  EvaluatedArchitecture<Space> evaluated;
  evaluated.architecture = architecture;
  for (const Constraint<Space>& constraint : problem.constraints) {
    evaluated.violation += detail::violation_of(constraint, architecture);
  }
  if (!evaluated.is_feasible()) return evaluated;
  for (const Objective<Space>& objective : problem.objectives) {
    const double value = objective.value(architecture);
    evaluated.objectives.push_back(detail::finite(objective.name, architecture, value));
  }
  return evaluated;
}

/// The objectives of an evaluated architecture as costs; none of an infeasible one.
template <SearchSpace Space>
std::vector<double> costs(const SearchProblem<Space>& problem,
                          const EvaluatedArchitecture<Space>& evaluated) {
  std::vector<double> result;
  for (std::size_t i = 0; i < evaluated.objectives.size(); ++i) {
    result.push_back(problem.objectives.at(i).cost(evaluated.objectives[i]));
  }
  return result;
}

}  // namespace interchoice
