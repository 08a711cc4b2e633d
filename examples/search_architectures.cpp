// Searches a space for the best architectures by what is known about each of them: columns of CSV
// tables, parameters, MACs, and the accuracy that a super-network predicts.
//
//   search_architectures --space nasbench201 --table nasbench201.csv:index
//       --objective accuracy=nasbench201.csv:c10_test_200:max
//       --objective latency=hw_nas_bench_cifar10.csv:edgegpu_latency:min
//       --at-most parameters=400000 --evaluations 500 --out search
//
//   search_architectures --supernet bias-0.safetensors --data cifar10:FOLDER
//       --objective supernet --objective macs --out search
//
// OUT/history.csv has everything that was evaluated, OUT/front.csv the non-dominated ones,
// OUT/pareto.html both, for the first two objectives; OUT/supernet.csv what the network predicted.
// The same command goes on where it stopped. Where every architecture can be looked at, the result
// is compared with the best of all; not where a network would have to evaluate them.

#include <string>

#include "examples/command_line.hpp"
#include "examples/named_restriction.hpp"
#include "examples/networks/supernet_file.hpp"
#include "examples/search/search_options.hpp"

namespace {

using namespace examples;

struct Options : SearchOptions {
  std::string space;
};

void run(Options& options) {
  if (options.algorithm.algorithm == "evolution" && options.problem.objectives.size() > 1) {
    throw UsageError("--algorithm evolution has one --objective; make the others limits");
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
  if (!options.has_supernet()) {
    const auto* const kind =
        options.space.empty() ? network_kinds().front() : &network_kind(options.space);
    return kind->search(options);
  }
  const SupernetFile file(options.supernet.file);
  if (!options.space.empty() && options.space != file.kind->name()) {
    throw UsageError(options.supernet.file + " is of --space " + file.kind->name() + ", not of " +
                     options.space);
  }
  file.kind->search(options);
}

void add_supernet_options(CLI::App& app, SupernetOptions& options) {
  auto* file = app.add_option("--supernet", options.file,
                              "a checkpoint that train_supernet wrote: `supernet` is then known, "
                              "the validation accuracy in % that it predicts. Parameters and MACs "
                              "are those of the benchmark's networks all the same")
                   ->check(CLI::ExistingFile);
  add_data_options(app, options.data);
  app.add_option("--batch", options.batch, "images in a batch that recalibrates BatchNorm")
      ->check(whole_number(2, 65536))
      ->capture_default_str();
  add_validation_images_option(app, options.data);
  for (const char* option : {"--data", "--image-size", "--batch", "--validation"}) {
    app.get_option(option)->needs(file);
  }
  add_machine_options(app, options.machine);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Searches a space by what is known about its architectures.",
               "search_architectures");
  add_space_option(app, options.space)
      ->description(
          "whose networks have the parameters and MACs; of --supernet its file says it, "
          "else nasbench201");
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
