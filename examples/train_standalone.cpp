// Trains architectures as networks of their own and writes a table of ground truth: what the
// rankings of super-networks are judged by.
//
//   train_standalone --data digits --space-restriction only_conv --seeds 3 --out truth.csv
//   train_standalone --data digits --architectures ranking/ranking.csv --first 3
//                    --networks networks --out best.csv
//
// One path of a super-network without dependencies, always the same one, is a network of its own:
// nothing off the path ever gets a gradient. Columns: arch, one test accuracy (in %) a seed, their
// mean, parameters, MACs. It says how well single seeds agree: the noise of the table.
//
// Every finished training is kept in OUT.parts. The same command, started again, goes on there;
// started several times at once, or with --parallel, the processes share the work. Each writes the
// table once all trainings are finished.

#include <fmt/core.h>

#include <cstddef>
#include <filesystem>
#include <string>

#include "examples/standalone/table.hpp"
#include "examples/standalone/trainings.hpp"
#include "interchoice/training/protocols.hpp"

namespace {

using namespace examples;

struct Options : StandaloneOptions {
  std::string protocol = "own";
  bool partial = false;
};

/// Options that are not given on the command line are the protocol's or the space's.
void complete(Options& options, const CLI::App& app) {
  const auto is_given = [&](const char* name) { return app.get_option(name)->count() > 0; };
  if (options.protocol == "nasbench201") {
    const ic::Protocol protocol = ic::protocols::nasbench201();
    if (!is_given("--epochs")) options.epochs = protocol.epochs;
    if (!is_given("--batch")) options.batch = protocol.batch_size;
    if (!is_given("--learning-rate")) {
      options.learning_rate = protocol.learning_rate(0, options.epochs);
    }
    if (options.optimizer.name != "sgd") throw UsageError("--protocol nasbench201 is one of sgd");
    if (!is_given("--weight-decay")) {
      options.optimizer.weight_decay = protocol.optimizer.weight_decay;
    }
  }
  if (options.partial && !std::filesystem::is_directory(options.parts())) {
    throw UsageError("--partial: there is no folder " + options.parts());
  }
  check_warm_up(options);
}

void run(const Options& options) {
  // Several processes may write it: they share the trainings, and their tables are equal.
  CommandFiles files{.outputs = {{"--out", options.out},
                                 {"--out", options.parts()},
                                 {"--networks", options.networks}},
                     .inputs = options.data.files()};
  files.inputs.push_back({"--architectures", options.choice.file});
  require_different(files);
  const Workplace workplace = prepare_rank(options.machine, options.out);
  if (workplace.group.is_first()) ic::require_writable(options.out);
  if (!options.networks.empty()) {
    std::filesystem::create_directories(options.networks);
    ic::require_writable(std::filesystem::path(options.networks) / "0-0.safetensors");
  }
  if (options.partial) leave_to_first(workplace.group);
  StandaloneTrainings trainings(options, workplace);
  if (!workplace.group.is_alone() && !options.partial) trainings.train_on_ranks();
  if (options.processes > 1 && !options.partial) trainings.train_in_parallel();
  if (!options.partial) trainings.train_all();
  const std::size_t written = write_table(trainings, options);
  if (options.partial) {
    say("{}: {} of {} architectures are finished\n", options.out, written,
        trainings.architectures().size());
    return;
  }
  print_agreement(trainings.accuracies());
  print_best(trainings, options);
  say("{}: {} architectures\n", options.out, written);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains architectures alone and writes a table. Started again it goes on.",
               "train_standalone");
  add_space_option(app, options.space)->capture_default_str();
  add_architecture_options(app, options.choice);
  app.add_option("--protocol", options.protocol,
                 "own, or what the paper's Table 5 says for NAS-Bench-201")
      ->check(CLI::IsMember({"own", "nasbench201"}))
      ->capture_default_str();
  add_training_options(app, options);
  add_parallel_option(app, options.processes);
  app.add_option("--seeds", options.seeds, "trainings of each architecture, seeds 0, 1, ...")
      ->check(whole_number(1, 100))
      ->capture_default_str();
  app.add_option("--networks", options.networks,
                 "folder for the trained networks, each of its architecture alone");
  app.add_flag("--partial", options.partial, "train nothing, write the table of what is finished");
  app.add_option("--out", options.out, "the table to write; OUT.parts keeps what is finished")
      ->capture_default_str();
  return run_program(app, argc, argv, [&] {
    complete(options, app);
    run(options);
  });
}
