#pragma once

#include <functional>
#include <vector>

#include "interchoice/core/architecture.hpp"

namespace interchoice {

/// An architecture with the objectives and the violation that a search computed.
template <SearchSpace Space>
struct EvaluatedArchitecture {
  Architecture<Space> architecture = {};
  std::vector<double> objectives = {};  ///< as the problem's callables return them; empty of an
                                        ///< infeasible architecture
  double violation = 0;                 ///< sum of the violated constraints

  /// Whether no constraint is violated.
  bool is_feasible() const { return violation <= 0; }

  friend bool operator==(const EvaluatedArchitecture&, const EvaluatedArchitecture&) = default;
};

/// Everything that a search evaluated, in order, each architecture once.
///
/// It is the search's whole state: decisions are a pure function of the seed and of what is here,
/// so a search that is given its history repeats its decisions without evaluating anything and goes
/// on where the history ends.
template <SearchSpace Space>
using SearchHistory = std::vector<EvaluatedArchitecture<Space>>;

/// Called after each architecture that was really evaluated (not for those of a given history);
/// false stops the search, which returns its history so far. May be empty. See `store_history`.
template <SearchSpace Space>
using SearchObserver = std::function<bool(const SearchHistory<Space>&)>;

}  // namespace interchoice
