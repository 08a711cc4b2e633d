#pragma once

#include <vector>

#include "interchoice/core/architecture.hpp"

namespace interchoice {

/// What a search found out about an architecture.
template <SearchSpace Space>
struct EvaluatedArchitecture {
  Architecture<Space> architecture = {};
  std::vector<double> objectives = {};  ///< as the problem's callables return them; empty of an
                                        ///< infeasible architecture
  double violation = 0;                 ///< sum of the violated constraints

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

}  // namespace interchoice
