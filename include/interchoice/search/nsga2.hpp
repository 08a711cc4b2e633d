#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/chunk_by.hpp>
#include <range/v3/view/subrange.hpp>
#include <range/v3/view/transform.hpp>
#include <range/v3/view/zip.hpp>
#include <stdexcept>
#include <unordered_set>
#include <utility>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/sampling/crossover.hpp"
#include "interchoice/sampling/mutation.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/search/crowding_distance.hpp"
#include "interchoice/search/detail/recorded_evaluation.hpp"
#include "interchoice/search/dominance.hpp"
#include "interchoice/search/history.hpp"
#include "interchoice/search/problem.hpp"

namespace interchoice {

/// Options of `nsga2`.
struct Nsga2Options {
  Seed seed = {};
  std::uint32_t population = 50;
  std::uint32_t generations = 20;      ///< beside the first population
  double crossover_probability = 0.9;  ///< otherwise the offspring is a copy of its first parent
  std::uint32_t max_tries = 50;        ///< how often offspring that is there already is drawn again
  std::optional<std::size_t> max_evaluations = {};  ///< stops earlier
};

namespace detail {

/// A member of a population: where its numbers are, and how good it is among the others.
struct Nsga2Member {
  std::size_t index = 0;  // in the history
  std::size_t front = 0;
  double distance = 0;
};

// The crowded-comparison operator of the paper.
inline bool is_better(const Nsga2Member& a, const Nsga2Member& b) {
  return a.front != b.front ? a.front < b.front : a.distance > b.distance;
}

/// The `count` best of the entries at these indices, best first, with front and crowding distance.
/// Feasible ones come in fronts; behind them each violation is a front of its own.
template <SearchSpace Space, class Entries>
std::vector<Nsga2Member> nsga2_survivors(const SearchProblem<Space>& problem,
                                         const Entries& entries, std::vector<std::size_t> indices,
                                         std::size_t count) {
  const auto infeasible = std::stable_partition(
      indices.begin(), indices.end(), [&](std::size_t i) { return entries[i].is_feasible(); });
  std::stable_sort(infeasible, indices.end(), [&](std::size_t a, std::size_t b) {
    return entries[a].violation < entries[b].violation;
  });
  std::vector<CostPoint> points;
  for (auto i = indices.begin(); i != infeasible; ++i)
    points.push_back(costs(problem, entries[*i]));
  std::vector<Nsga2Member> members;
  std::size_t number = 0;
  for (const std::vector<std::size_t>& front : non_dominated_fronts(points)) {
    const auto of_front = ranges::views::transform(front, [&](auto i) { return points[i]; });
    const auto distances = crowding_distances(of_front | ranges::to<std::vector>());
    for (const auto& [i, distance] : ranges::views::zip(front, distances)) {
      members.push_back({indices[i], number, distance});
    }
    ++number;
  }
  const auto equally_bad = [&](std::size_t a, std::size_t b) {
    return entries[a].violation == entries[b].violation;
  };
  for (const auto& front :
       ranges::subrange(infeasible, indices.end()) | ranges::views::chunk_by(equally_bad)) {
    for (const std::size_t index : front) members.push_back({index, number, 0});
    ++number;
  }
  std::stable_sort(members.begin(), members.end(), is_better);
  members.resize(std::min(count, members.size()));
  return members;
}

}  // namespace detail

/// NSGA-II: evolution of several objectives towards all non-dominated architectures at once.
///
///     P architectures, uniform; then for each generation:
///       P offspring: two parents, each the better of two; crossover; change
///       parents and offspring in fronts; the best P by (front, crowding distance) go on
///
/// Better is: feasible before infeasible, then the smaller violation, the earlier front, the larger
/// crowding distance; equals keep their order, parents before offspring. All members of a
/// population differ: offspring that is there already is drawn again, up to `max_tries` times, then
/// left out. An architecture that was evaluated in an earlier generation is not evaluated again.
/// `SearchProblem::prepare` is told a generation at a time. See `best_of` for the result.
///
/// A pure function of problem, options and `change`, which is as for `Mutation` and by default
/// changes one choice on average: offspring k of generation g draws from (seed, kSearch, g, k).
/// Given the history of a run that was stopped, it gives exactly what the whole run gives.
///
/// *Throws*: `std::invalid_argument` for an impossible problem, a population of less than 2, a
/// crossover probability outside [0, 1], or a history of another search; and what objectives,
/// constraints, observer and change throw.
///
/// *Cost*: at most P · (generations + 1) evaluations; O(M P²) beside each generation.
///
/// *Source*: Deb, Pratap, Agarwal, Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm:
/// NSGA-II" (2002), with the constrained domination of its section VI. Uniform crossover and
/// offspring that differs are ours: choices have no order, and a finite space fills with copies.
template <SearchSpace Space, class Change = ChangeEach>
SearchHistory<Space> nsga2(const SearchProblem<Space>& problem, const Nsga2Options& options = {},
                           SearchHistory<Space> history = {},
                           const SearchObserver<Space>& observer = {},
                           const Change& change = ChangeEach(1.0 / Space::choice_count)) {
  detail::RecordedEvaluation<Space> evaluated(problem, std::move(history), options.max_evaluations,
                                              observer);
  if (options.population < 2 ||
      !(options.crossover_probability >= 0 && options.crossover_probability <= 1)) {
    throw std::invalid_argument(
        fmt::format("interchoice: nsga2 with a population of {} and crossover probability {}; at "
                    "least 2 and a probability from 0 to 1 are needed",
                    options.population, options.crossover_probability));
  }
  // All of a generation is drawn first, each until something new comes; nothing after too many
  // tries. No draw depends on what the generation is worth.
  std::unordered_set<Architecture<Space>> alive;
  std::vector<std::size_t> indices;
  const auto breed = [&](std::uint32_t generation, const auto& draw) {
    std::vector<Architecture<Space>> drawn;
    for (std::uint32_t k = 0; k < options.population; ++k) {
      CounterRandom random(options.seed, Stream::kSearch, generation, k);
      for (std::uint32_t tries = 0; tries <= options.max_tries; ++tries) {
        const Architecture<Space> architecture = draw(random);
        if (!alive.insert(architecture).second) continue;
        drawn.push_back(architecture);
        break;
      }
    }
    evaluated.prepare(drawn);
    for (const Architecture<Space>& architecture : drawn) {
      const auto index = evaluated(architecture);
      if (!index) return false;
      indices.push_back(*index);
    }
    return true;
  };
  bool goes_on = breed(0, Uniform(problem.restriction));
  for (std::uint32_t generation = 1; goes_on && generation <= options.generations; ++generation) {
    const auto parents = detail::nsga2_survivors(problem, evaluated, indices, options.population);
    indices.clear();
    alive.clear();
    for (const detail::Nsga2Member& parent : parents) {
      indices.push_back(parent.index);
      alive.insert(evaluated[parent.index].architecture);
    }
    const auto pick = [&](CounterRandom& random) {
      const auto count = static_cast<std::uint32_t>(parents.size());
      const detail::Nsga2Member& first = parents[random.below(count)];
      const detail::Nsga2Member& second = parents[random.below(count)];
      return evaluated[(detail::is_better(second, first) ? second : first).index].architecture;
    };
    goes_on = breed(generation, [&](CounterRandom& random) {
      const Architecture<Space> first = pick(random);
      const Architecture<Space> second = pick(random);
      const bool crosses = random.unit() < options.crossover_probability;
      return Mutation(crosses ? Crossover(first, second)(random) : first, problem.restriction,
                      change)(random);
    });
  }
  return evaluated.take_history();
}

}  // namespace interchoice
