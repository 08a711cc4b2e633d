#pragma once

// A search that goes on where its history's file ends.

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "examples/command_line.hpp"
#include "examples/interruption.hpp"
#include "examples/search/search_options.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/search/history.hpp"
#include "interchoice/search/history_csv.hpp"
#include "interchoice/search/nsga2.hpp"
#include "interchoice/search/random_search.hpp"
#include "interchoice/search/regularised_evolution.hpp"
#include "interchoice/training/progress.hpp"

namespace examples {

namespace ic = interchoice;

/// Searches by the algorithm of a name.
template <ic::SearchSpace Space>
ic::SearchHistory<Space> search_by(const AlgorithmOptions& options,
                                   const ic::SearchProblem<Space>& problem,
                                   ic::SearchHistory<Space> history,
                                   const ic::SearchObserver<Space>& observer) {
  const ic::Seed seed{options.seed};
  if (options.algorithm == "random") {
    return ic::random_search(problem, {seed, options.evaluations}, std::move(history), observer);
  }
  // As much offspring as it takes: what was there before is free.
  const auto offspring = static_cast<std::uint32_t>(20 * options.evaluations);
  if (options.algorithm == "evolution") {
    return ic::regularised_evolution(problem,
                                     {.seed = seed,
                                      .population = options.population,
                                      .sample = std::max(2u, options.population / 5),
                                      .offspring = offspring,
                                      .max_evaluations = options.evaluations},
                                     std::move(history), observer,
                                     ic::SwapTwo(options.swap_probability));
  }
  return ic::nsga2(problem,
                   {.seed = seed,
                    .population = options.population,
                    .generations = offspring / options.population + 1,
                    .max_evaluations = options.evaluations},
                   std::move(history), observer);
}

/// The history that a file holds, or none. Every entry has to be what the problem gives.
template <ic::SearchSpace Space>
ic::SearchHistory<Space> stored_history(const std::filesystem::path& file,
                                        const ic::SearchProblem<Space>& problem) {
  if (!std::filesystem::exists(file)) return {};
  ic::SearchHistory<Space> history = ic::read_history(file, problem);
  for (const auto& entry : history) {
    if (ic::evaluate(problem, entry.architecture) == entry) continue;
    throw std::runtime_error(fmt::format(
        "{} has other values of '{}' than the tables and limits of this command give; give another "
        "--out, or remove the file",
        file.string(), ic::to_text(entry.architecture)));
  }
  say("{}: going on after {} evaluations\n", file.string(), history.size());
  return history;
}

/// Computes what a search asks next.
template <ic::SearchSpace Space>
using Preparing =
    std::function<void(const std::vector<ic::Architecture<Space>>&, const Preparation&)>;

/// Searches from where the file ends, and leaves the whole history there.
///
/// *Throws* Interrupted on SIGINT and SIGTERM, once the history is written.
template <ic::SearchSpace Space>
ic::SearchHistory<Space> resumed_search(const std::filesystem::path& file,
                                        ic::SearchProblem<Space> problem,
                                        const AlgorithmOptions& options,
                                        const Preparing<Space>& prepare = {}) {
  ic::SearchHistory<Space> history = stored_history(file, problem);
  const std::size_t total = std::min<std::uint64_t>(
      problem.restriction.architecture_count().value_or(UINT64_MAX), options.evaluations);
  const ic::SearchObserver<Space> store =
      ic::store_history(file, problem, options.is_slow ? 1 : 50);
  const ic::InterruptRequest interrupt;
  ic::TerminalProgress progress("searching");
  const std::size_t before = history.size();
  std::size_t evaluated = before;
  if (prepare) {
    problem.prepare = [&](const std::vector<ic::Architecture<Space>>& architectures) {
      const auto report = [&](const ic::Progress& part) {
        const std::size_t done = evaluated + part.done;
        if (done < total) progress({done, total, part.state, false, before});
      };
      prepare(architectures, {[&] { return interrupt.requested(); }, report});
    };
  }
  history = search_by<Space>(options, problem, std::move(history), [&](const auto& known) {
    evaluated = known.size();
    if (options.is_slow) {
      progress({known.size(), total, "architecture " + ic::to_text(known.back().architecture),
                known.size() % 16 == 0, before});
    }
    return store(known) && !interrupt.requested();
  });
  ic::write_history(file, problem, history);
  end_if_requested(interrupt,
                   fmt::format("{} evaluations are kept in {}; the same command goes on from there",
                               history.size(), file.string()));
  return history;
}

}  // namespace examples
