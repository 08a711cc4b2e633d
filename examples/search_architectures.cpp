// Searches a space for the best architectures by what is known about each of them: columns of CSV
// tables, parameters, MACs, and the accuracy that a super-network predicts.
//
//   search_architectures --space nasbench201 --table nasbench201.csv:index
//       --objective accuracy=nasbench201.csv:c10_test_200:max
//       --objective latency=hw_nas_bench_cifar10.csv:edgegpu_latency:min
//       --at-most parameters=400000 --evaluations 500 --out search
//
//   search_architectures --supernet bias1-0.safetensors --data cifar10:FOLDER
//       --objective supernet --objective macs --out search
//
// OUT/history.csv has everything that was evaluated, OUT/front.csv the non-dominated ones,
// OUT/pareto.html both, for the first two objectives; OUT/supernet.csv what the network predicted.
// The same command goes on where it stopped. Where every architecture can be looked at, the result
// is compared with the best of all; not where a network would have to evaluate them.

#include <fmt/core.h>

#include <filesystem>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "examples/command_line.hpp"
#include "examples/named_restriction.hpp"
#include "examples/outputs.hpp"
#include "examples/search/architecture_facts.hpp"
#include "examples/search/resumed_search.hpp"
#include "examples/search/search_outcome.hpp"
#include "examples/search/stated_problem.hpp"
#include "examples/search/supernet_accuracy.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench_macro.hpp"

namespace {

using namespace examples;

struct Options {
  std::string space = "nasbench201";
  std::string restriction = "all";
  TableOptions tables;
  SupernetOptions supernet;
  ProblemOptions problem;
  AlgorithmOptions algorithm;
  std::vector<std::string> reference;
  std::string out = "search";

  bool has_supernet() const { return !supernet.file.empty(); }
};

template <class AnyNetwork>
void search(const Options& options) {
  using AnySpace = typename AnyNetwork::Space;
  const std::filesystem::path folder = options.out;
  ArchitectureFacts<AnyNetwork> known(options.tables,
                                      named_restriction<AnySpace>(options.restriction));
  Preparing<AnySpace> prepare;
  std::shared_ptr<const void> ranks;  // which are dismissed however the search ends
  if constexpr (std::is_same_v<AnySpace, Space>) {
    if (options.has_supernet()) {
      const Workplace workplace = prepare_rank(options.supernet.machine, options.out);
      const auto questions =
          supernet_questions(options.supernet, workplace, folder / "supernet.csv");
      if (!workplace.group.is_first()) return questions.serve();
      known.add("supernet", questions.accuracy);
      prepare = questions.prepare;
      ranks.reset(&options, [dismiss = questions.dismiss](const void*) { dismiss(); });
    }
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
      options.has_supernet() ? ic::SearchHistory<AnySpace>{} : evaluate_all(problem);
  const std::size_t feasible = ic::feasible_costs(problem, history).size();
  say("{} evaluations, {} feasible\n", history.size(), feasible);
  if (feasible == 0) return;
  const SearchOutcome<AnySpace> outcome(problem, history, everything);
  outcome.judge(options.reference, ic::Seed{options.algorithm.seed});
  if (problem.objectives.size() > 1) {
    outcome.draw(folder, options.algorithm.algorithm);
  }
}

void run(Options& options) {
  if (options.algorithm.algorithm == "evolution" && options.problem.objectives.size() > 1) {
    throw UsageError("--algorithm evolution has one --objective; make the others limits");
  }
  if (options.has_supernet() && options.space != "nasbench201") {
    throw UsageError("--supernet is for --space nasbench201, not " + options.space);
  }
  if (options.has_supernet() && !options.problem.names("supernet")) {
    throw UsageError(
        "--supernet is not asked; add --objective supernet or --at-least "
        "supernet=NUMBER");
  }
  if (!options.has_supernet() && launched_ranks() > 1) {
    throw UsageError("without --supernet a search is over at once; start it alone");
  }
  options.algorithm.is_slow = options.has_supernet();
  if (options.space == "nasbench201") return search<ic::NasBench201Benchmark>(options);
  if (options.space == "macro") return search<ic::NasBenchMacro>(options);
  search<ic::FairNas>(options);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Searches a space by what is known about its architectures.",
               "search_architectures");
  app.add_option("--space", options.space, "parameters and MACs are those of its networks")
      ->check(CLI::IsMember({"nasbench201", "macro", "fairnas"}))
      ->capture_default_str();
  add_restriction_option(app, options.restriction);
  app.add_option("--objective", options.problem.objectives,
                 "parameters, macs, supernet, NAME=FILE:COLUMN:max or NAME=FILE:COLUMN:min; "
                 "repeatable")
      ->required();
  app.add_option("--value", options.problem.values,
                 "NAME=FILE:COLUMN, for limits only; repeatable");
  app.add_option("--at-most", options.problem.at_most, "NAME=NUMBER; repeatable");
  app.add_option("--at-least", options.problem.at_least, "NAME=NUMBER; repeatable");
  app.add_option("--table", options.tables.joined_to,
                 "FILE:COLUMN: files without an `arch` column are joined to this one by that "
                 "column");
  app.add_option("--missing", options.tables.missing, "a field that means no value; repeatable");
  app.add_flag("--partial-tables", options.tables.may_be_partial,
               "what has no value in a table is infeasible, and not a mistake");
  add_supernet_options(app, options.supernet);
  add_algorithm_options(app, options.algorithm);
  app.add_option("--reference", options.reference,
                 "NAME=NUMBER: the hypervolume's corner; the worst value if not given");
  app.add_option("--out", options.out, "folder of the results")->capture_default_str();
  return run_program(app, argc, argv, [&] { run(options); });
}
