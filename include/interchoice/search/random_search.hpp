#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <utility>

#include "interchoice/core/random.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/search/detail/recorded_evaluation.hpp"
#include "interchoice/search/history.hpp"
#include "interchoice/search/problem.hpp"

namespace interchoice {

/// Options of `random_search`.
struct RandomSearchOptions {
  Seed seed = {};
  std::size_t evaluations = 1000;  ///< different architectures; all where there are no more
};

/// Evaluates different architectures of the problem's restriction, drawn uniformly: the baseline
/// that a search has to beat.
///
/// A pure function of problem and options. Given the history of a run that was stopped, it gives
/// exactly what the whole run gives.
///
/// *Throws*: `std::invalid_argument` for an impossible problem or for a history of another search;
/// and what objectives, constraints and observer throw.
///
/// *Cost*: `evaluations` calls of the objectives.
template <SearchSpace Space>
SearchHistory<Space> random_search(const SearchProblem<Space>& problem,
                                   const RandomSearchOptions& options = {},
                                   SearchHistory<Space> history = {},
                                   const SearchObserver<Space>& observer = {}) {
  detail::RecordedEvaluation<Space> evaluated(problem, std::move(history), options.evaluations,
                                              observer);
  const std::uint64_t all_of_them = problem.restriction.architecture_count();  // 0: beyond 64 bits
  const std::uint64_t wanted = all_of_them == 0
                                   ? options.evaluations
                                   : std::min<std::uint64_t>(all_of_them, options.evaluations);
  const Uniform draw(problem.restriction);
  CounterRandom random(options.seed, Stream::kSearch, 0, 0);
  std::unordered_set<Architecture<Space>> seen;
  while (seen.size() < wanted) {
    const Architecture<Space> architecture = draw(random);
    if (seen.insert(architecture).second && !evaluated(architecture)) break;
  }
  return evaluated.take_history();
}

}  // namespace interchoice
