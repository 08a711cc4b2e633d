#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/sampling/distinct.hpp"
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

/// Evaluates different architectures of a distribution, in the order in which they are first drawn:
/// the baseline that a search has to beat.
///
/// A pure function of problem, options and distribution. Given the history of a run that was
/// stopped, it gives exactly what the whole run gives. It ends early where 100 (evaluations + 1)
/// draws in a row give nothing new. `SearchProblem::prepare` is told 256 architectures at a time.
///
/// *Throws*: `std::invalid_argument` for an impossible problem, for a history of another search or
/// for a draw that the problem's restriction does not allow; and what distribution, objectives,
/// constraints and observer throw.
///
/// *Cost*: `evaluations` calls of the objectives.
template <SearchSpace Space, Distribution AnyDistribution>
SearchHistory<Space> random_search(const SearchProblem<Space>& problem,
                                   const RandomSearchOptions& options, SearchHistory<Space> history,
                                   const SearchObserver<Space>& observer,
                                   const AnyDistribution& distribution) {
  detail::RecordedEvaluation<Space> evaluated(problem, std::move(history), options.evaluations,
                                              observer);
  const std::uint64_t all_of_them = problem.restriction.architecture_count().value_or(UINT64_MAX);
  CounterRandom random(options.seed, Stream::kSearch, 0, 0);
  const std::size_t most = problem.prepare ? 256 : 1;  // so many are prepared together
  std::vector<Architecture<Space>> drawn;
  const auto evaluate_drawn = [&] {
    evaluated.prepare(drawn);
    const bool goes_on = std::ranges::all_of(
        drawn, [&](const auto& architecture) { return evaluated(architecture).has_value(); });
    drawn.clear();
    return goes_on;
  };
  detail::visit_distinct(
      std::min<std::uint64_t>(all_of_them, options.evaluations),
      [&] { return distribution(random); },
      [&](const Architecture<Space>& architecture) {
        drawn.push_back(architecture);
        return drawn.size() < most || evaluate_drawn();
      });
  evaluate_drawn();
  return evaluated.take_history();
}

/// The same of the problem's restriction, drawn uniformly.
template <SearchSpace Space>
SearchHistory<Space> random_search(const SearchProblem<Space>& problem,
                                   const RandomSearchOptions& options = {},
                                   SearchHistory<Space> history = {},
                                   const SearchObserver<Space>& observer = {}) {
  return random_search(problem, options, std::move(history), observer,
                       Uniform(problem.restriction));
}

}  // namespace interchoice
