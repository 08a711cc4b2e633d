#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/search/crowding_distance.hpp"
#include "interchoice/search/detail/recorded_evaluation.hpp"
#include "interchoice/search/dominance.hpp"
#include "interchoice/search/history.hpp"
#include "interchoice/search/observer.hpp"
#include "interchoice/search/problem.hpp"
#include "interchoice/search/variation.hpp"

namespace interchoice {

/// How an NSGA-II search is done.
struct Nsga2Options {
  Seed seed = {};
  std::uint32_t population = 50;
  std::uint32_t generations = 20;      ///< beside the first population
  double crossover_probability = 0.9;  ///< otherwise the child is a copy of its first parent
  double mutation_probability = -1;    ///< of each choice; negative: 1 / choices
  std::uint32_t max_tries = 50;        ///< how often a child that is there already is drawn again
  std::size_t max_evaluations = std::numeric_limits<std::size_t>::max();  ///< stops earlier
};

namespace detail {

/// A member of a population: where its numbers are, and how good it is among the others.
struct Nsga2Member {
  std::size_t place = 0;  // in the history
  std::size_t front = 0;
  double distance = 0;
};

// The crowded-comparison operator of the paper.
inline bool is_better(const Nsga2Member& a, const Nsga2Member& b) {
  return a.front != b.front ? a.front < b.front : a.distance > b.distance;
}

/// The `count` best of the entries at `places`, best first, with front and crowding distance.
/// Feasible ones come in fronts; behind them each violation is a front of its own.
template <SearchSpace Space, class Entries>
std::vector<Nsga2Member> nsga2_survivors(const SearchProblem<Space>& problem,
                                         const Entries& entries,
                                         const std::vector<std::size_t>& places,
                                         std::size_t count) {
  std::vector<CostPoint> points;
  std::vector<std::size_t> feasible;
  std::vector<std::size_t> infeasible;
  for (const std::size_t place : places) {
    if (entries[place].is_feasible()) {
      points.push_back(costs(problem, entries[place]));
      feasible.push_back(place);
    } else {
      infeasible.push_back(place);
    }
  }
  std::vector<Nsga2Member> members;
  std::size_t number = 0;
  for (const std::vector<std::size_t>& front : non_dominated_fronts(points)) {
    std::vector<CostPoint> of_front;
    for (const std::size_t i : front) of_front.push_back(points[i]);
    const std::vector<double> distances = crowding_distances(of_front);
    for (std::size_t i = 0; i < front.size(); ++i) {
      members.push_back({feasible[front[i]], number, distances[i]});
    }
    ++number;
  }
  std::stable_sort(infeasible.begin(), infeasible.end(), [&](std::size_t a, std::size_t b) {
    return entries[a].violation < entries[b].violation;
  });
  for (std::size_t i = 0; i < infeasible.size(); ++i) {
    if (i > 0 && entries[infeasible[i]].violation > entries[infeasible[i - 1]].violation) ++number;
    members.push_back({infeasible[i], number, 0});
  }
  std::stable_sort(members.begin(), members.end(), is_better);
  members.resize(std::min(count, members.size()));
  return members;
}

}  // namespace detail

/// NSGA-II: evolution of several objectives towards all their best compromises at once.
///
///     P architectures, uniform; then for each generation:
///       P children: two parents, each the better of two; crossover; mutation of each choice
///       parents and children in fronts; the best P by (front, crowding distance) go on
///
/// Better is: feasible before infeasible, then the smaller violation, the earlier front, the larger
/// crowding distance; equals keep their order, parents before children. All members of a population
/// differ: a child that is there already is drawn again, up to `max_tries` times, then left out. An
/// architecture that was evaluated in an earlier generation is not evaluated again. See `best_of`
/// for the result.
///
/// A pure function of problem and options: child k of generation g draws from
/// (seed, kSearch, g, k). Given the history of a run that was stopped, it gives exactly what the
/// whole run gives.
///
/// *Throws*: `std::invalid_argument` for an impossible problem, a population of less than 2, a
/// probability above 1, or a history of another search; and what objectives, constraints and
/// observer throw.
///
/// *Cost*: at most P · (generations + 1) evaluations; O(M P²) beside each generation.
///
/// *Source*: Deb, Pratap, Agarwal, Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm:
/// NSGA-II" (2002), with the constrained domination of its section VI. Uniform crossover and
/// children that differ are ours: choices have no order, and a finite space fills with copies.
template <SearchSpace Space>
SearchHistory<Space> nsga2(const SearchProblem<Space>& problem, const Nsga2Options& options = {},
                           SearchHistory<Space> history = {},
                           const SearchObserver<Space>& observer = {}) {
  detail::RecordedEvaluation<Space> evaluated(problem, std::move(history), options.max_evaluations,
                                              observer);
  const double mutation = options.mutation_probability < 0
                              ? 1.0 / static_cast<double>(Space::choice_count)
                              : options.mutation_probability;
  if (options.population < 2 || !(options.crossover_probability >= 0) ||
      !(options.crossover_probability <= 1) || !(mutation <= 1)) {
    throw std::invalid_argument("interchoice: nsga2 with a population of " +
                                std::to_string(options.population) + ", crossover probability " +
                                std::to_string(options.crossover_probability) +
                                ", mutation probability " + std::to_string(mutation) +
                                "; at least 2 and probabilities from 0 to 1 are needed");
  }
  // Draws until something new comes; nothing after too many tries.
  std::unordered_set<Architecture<Space>> alive;
  std::vector<std::size_t> places;
  const auto breed = [&](std::uint32_t generation, const auto& draw) {
    for (std::uint32_t k = 0; k < options.population; ++k) {
      CounterRandom random(options.seed, Stream::kSearch, generation, k);
      for (std::uint32_t tries = 0; tries <= options.max_tries; ++tries) {
        const Architecture<Space> architecture = draw(random);
        if (!alive.insert(architecture).second) continue;
        const auto place = evaluated(architecture);
        if (!place) return false;
        places.push_back(*place);
        break;
      }
    }
    return true;
  };
  bool goes_on = breed(0, [&](CounterRandom& random) {
    return detail::draw_uniformly(problem.restriction, random);
  });
  for (std::uint32_t generation = 1; goes_on && generation <= options.generations; ++generation) {
    const auto parents = detail::nsga2_survivors(problem, evaluated, places, options.population);
    places.clear();
    alive.clear();
    for (const detail::Nsga2Member& parent : parents) {
      places.push_back(parent.place);
      alive.insert(evaluated[parent.place].architecture);
    }
    const auto pick = [&](CounterRandom& random) {
      const auto count = static_cast<std::uint32_t>(parents.size());
      const detail::Nsga2Member& first = parents[random.below(count)];
      const detail::Nsga2Member& second = parents[random.below(count)];
      return evaluated[(detail::is_better(second, first) ? second : first).place].architecture;
    };
    goes_on = breed(generation, [&](CounterRandom& random) {
      Architecture<Space> child = pick(random);
      const Architecture<Space> other = pick(random);
      if (random.unit() < options.crossover_probability) child = crossover(child, other, random);
      return mutate_each(child, problem.restriction, mutation, random);
    });
  }
  return evaluated.take_history();
}

}  // namespace interchoice
