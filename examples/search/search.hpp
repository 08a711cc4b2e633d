#pragma once

// A search as search_architectures does it, of one space.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "examples/named_restriction.hpp"
#include "examples/outputs.hpp"
#include "examples/search/architecture_facts.hpp"
#include "examples/search/resumed_search.hpp"
#include "examples/search/search_options.hpp"
#include "examples/search/search_outcome.hpp"
#include "examples/search/stated_problem.hpp"
#include "examples/search/supernet_accuracy.hpp"

namespace examples {

/// Searches the space of a network, whose parameters and MACs can be objectives.
template <class AnyNetwork>
void search(const SearchOptions& options) {
  using Space = typename AnyNetwork::Space;
  const std::filesystem::path folder = options.out;
  ArchitectureFacts<AnyNetwork> known(options.tables,
                                      named_restriction<Space>(options.restriction));
  Preparing<Space> prepare;
  std::shared_ptr<const void> ranks;  // which are dismissed however the search ends
  std::optional<Workplace> workplace;
  std::shared_ptr<SupernetAccuracy> supernet;
  if (options.has_supernet()) {
    workplace = prepare_rank(options.supernet.machine, options.out);
    supernet =
        std::make_shared<SupernetAccuracy>(options.supernet, *workplace, folder / "supernet.csv");
    if (!workplace->group.is_first()) return supernet->serve();
    known.add("supernet", [supernet](const auto& path) { return (*supernet)(ic::to_text(path)); });
    prepare = [supernet](const auto& paths, const Preparation& how) {
      std::vector<std::string> texts;
      for (const auto& path : paths) texts.push_back(ic::to_text(path));
      supernet->prepare(texts, how);
    };
    ranks.reset(&options, [supernet](const void*) { supernet->dismiss(); });
  }
  const auto problem = stated_problem(options.problem, known);
  CommandFiles files{
      .folders = {{"--out",
                   folder,
                   {"history.csv", "front.csv", "pareto.html", "pareto.vl.json", "supernet.csv"}}},
      .inputs = {{"--supernet", options.supernet.file}}};
  for (const std::string& file : known.files()) files.inputs.push_back({"a table", file});
  const Outputs outputs(files);
  const auto history = resumed_search(folder / "history.csv", problem, options.algorithm, prepare);
  ranks.reset();
  const auto best = ic::best_of(problem, history);
  ic::write_history(folder / "front.csv", problem, best);
  print_best(problem, best, folder / "front.csv");
  const auto everything =
      options.has_supernet() ? ic::SearchHistory<Space>{} : evaluate_all(problem);
  const std::size_t feasible = ic::feasible_costs(problem, history).size();
  say("{} evaluations, {} feasible\n", history.size(), feasible);
  if (feasible == 0) return;
  const SearchOutcome<Space> outcome(problem, history, everything);
  outcome.judge(options.reference, ic::Seed{options.algorithm.seed});
  if (problem.objectives.size() > 1) {
    outcome.draw(folder, options.algorithm.algorithm);
  }
}

}  // namespace examples
