#pragma once

#include <cstddef>
#include <vector>

#include "interchoice/search/dominance.hpp"
#include "interchoice/search/history.hpp"
#include "interchoice/search/problem.hpp"

namespace interchoice {

/// The costs of a history's feasible architectures, in its order: for `hypervolume`.
template <SearchSpace Space>
std::vector<CostPoint> feasible_costs(const SearchProblem<Space>& problem,
                                      const SearchHistory<Space>& history) {
  std::vector<CostPoint> points;
  for (const EvaluatedArchitecture<Space>& entry : history) {
    if (entry.is_feasible()) points.push_back(costs(problem, entry));
  }
  return points;
}

/// The non-dominated architectures of a history: its feasible ones that no other dominates, in the
/// order in which they were evaluated. With one objective: the best, and all as good.
///
/// *Cost*: see `pareto_front`.
template <SearchSpace Space>
SearchHistory<Space> best_of(const SearchProblem<Space>& problem,
                             const SearchHistory<Space>& history) {
  SearchHistory<Space> feasible;
  for (const EvaluatedArchitecture<Space>& entry : history) {
    if (entry.is_feasible()) feasible.push_back(entry);
  }
  SearchHistory<Space> best;
  for (const std::size_t i : pareto_front(feasible_costs(problem, history))) {
    best.push_back(feasible[i]);
  }
  return best;
}

}  // namespace interchoice
