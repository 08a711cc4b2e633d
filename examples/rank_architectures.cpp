// Ranks architectures with trained super-networks, judges the rankings by a table of ground truth
// and writes a report.
//
//   rank_architectures none-0.safetensors bias1-0.safetensors --data cifar10:FOLDER
//                      --truth nasbench201.csv --column c10_test_200
//                      --space-restriction only_conv --out report
//
// What is evaluated is kept in the report's folder until the report is written: the same command
// goes on after an interruption. With --join-seeds the checkpoints of one policy become the runs of
// one predictor, of which the report shows mean and standard deviation. The ranks that a launcher
// starts share the architectures.

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "examples/baselines.hpp"
#include "examples/experiment.hpp"
#include "examples/named_restriction.hpp"
#include "examples/outputs.hpp"
#include "examples/precision_option.hpp"
#include "examples/provenance.hpp"
#include "interchoice/evaluation/result_file.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"
#include "interchoice/report/write_report.hpp"
#include "interchoice/stats/kendall.hpp"

namespace {

using namespace examples;

struct Options {
  std::vector<std::string> networks;
  std::string data = "digits";
  std::string truth;
  std::string column;
  std::string unit = "%";
  std::string restriction = "only_conv";
  std::uint64_t sample = 1000;
  std::int64_t batch = 64;
  std::int64_t validation = 0;
  bool join_seeds = false;
  bool fold_batch_norm = false;
  std::string precision = "f32";
  Machine machine;
  std::string out = "report";
};

/// A checkpoint, and the predictor that it is in the report.
struct Checkpoint {
  SupernetFile file;
  std::string label;
  std::filesystem::path results;  ///< what of it is evaluated, until the report is written
};

std::vector<Checkpoint> checkpoints_of(const Options& options) {
  std::vector<Checkpoint> all;
  for (const std::string& path : options.networks) {
    Checkpoint one{.file = SupernetFile(path), .label = {}, .results = {}};
    one.label = one.file.label();
    const std::string* const seed = one.file.facts.find("seed");
    if (seed != nullptr && !options.join_seeds) one.label += ", seed " + terminal_text(*seed, 20);
    one.results = std::filesystem::path(options.out) /
                  fmt::format("partial-{}-{}.csv", all.size() + 1, one.file.path.stem().string());
    for (const Checkpoint& other : all) {
      if (options.join_seeds || one.label != other.label) continue;
      throw UsageError(fmt::format("{} and {} are both '{}'; --join-seeds shows their mean",
                                   other.file.path.string(), path, one.label));
    }
    all.push_back(std::move(one));
  }
  return all;
}

ic::Predictor rank_checkpoint(const Checkpoint& checkpoint, const Options& options,
                              const ExperimentData& data, const Workplace& workplace,
                              const std::vector<ic::Architecture<Space>>& architectures,
                              const ic::InterruptRequest& interrupt) {
  const SupernetFile& file = checkpoint.file;
  ic::Predictor predictor;
  with_policy(file.policy, [&]<class Policy>() {
    auto net = load_supernet<Policy>(file.path, data, workplace.device);
    predictor = rank_with<Policy>(
        net, checkpoint.label, data, options.batch, architectures, interrupt,
        "what is evaluated is kept in " + options.out + "; the same command goes on from there",
        {.fold_batch_norm = options.fold_batch_norm,
         .precision = precision_of(options.precision),
         .results = ic::ResultFile{checkpoint.results},
         .group = workplace.group});
  });
  const std::string record = file.path.string() + ".csv";
  if (std::filesystem::exists(record)) {
    const auto epochs = read_training_csv(record);
    predictor.training = training_points(epochs);
    double seconds = 0;
    for (const ic::EpochRecord& e : epochs) seconds += e.seconds;
    predictor.facts.set("training time", seconds_text(seconds));
  }
  for (const char* name : {"command", "restriction", "seed", "stopped"}) {
    if (std::string_view(name) == "seed" && !options.join_seeds) continue;
    const std::string* const fact = file.facts.find(name);
    if (fact != nullptr) predictor.facts.set(name, *fact);
  }
  return predictor;
}

/// Adds a predictor, or its run to a predictor of the same label.
void add(std::vector<ic::Predictor>& predictors, ic::Predictor predictor, bool join_seeds) {
  const auto known =
      std::find_if(predictors.begin(), predictors.end(),
                   [&](const ic::Predictor& one) { return one.label == predictor.label; });
  if (!join_seeds || known == predictors.end()) {
    predictors.push_back(std::move(predictor));
    return;
  }
  known->runs.push_back(std::move(predictor.runs.front()));
  // Facts are the first run's, but for what tells the runs apart.
  for (const char* name : {"seed", "training time"}) {
    const std::string* const all = known->facts.find(name);
    const std::string* const own = predictor.facts.find(name);
    if (all != nullptr && own != nullptr) known->facts.set(name, *all + ", " + *own);
  }
}

void run(const Options& options, const std::string& command) {
  const std::vector<Checkpoint> checkpoints = checkpoints_of(options);
  const auto truth = ic::TabularBenchmark<Space>::read(options.truth).column(options.column);
  const auto restriction = named_restriction<Space>(options.restriction);
  const auto architectures = architectures_to_rank(restriction, options.sample);
  ic::Report report;
  report.architectures = texts(architectures);
  report.truth = truth.values(architectures);
  report.truth_label = options.column;
  report.truth_unit = options.unit;
  const Workplace workplace = prepare_rank(options.machine, options.out);
  ExperimentData data = load_data(options.data, 0);
  use_validation_images(data, options.validation);
  report.title = "NAS-Bench-201, " + options.restriction + ", " + data.name;

  CommandFiles files{.folders = {{"--out", options.out, kReportFiles}},
                     .inputs = {{"--truth", options.truth}}};
  for (const Checkpoint& one : checkpoints) files.inputs.push_back({"a network", one.file.path});
  const Outputs outputs(files, workplace.group.is_first());
  ic::InterruptRequest interrupt;
  for (const Checkpoint& one : checkpoints) {
    one.file.print_note("rank_architectures");
    add(report.predictors, rank_checkpoint(one, options, data, workplace, architectures, interrupt),
        options.join_seeds);
  }
  leave_to_first(workplace.group);
  const SupernetFile& first = checkpoints.front().file;
  with_policy(first.policy, [&]<class Policy>() {
    const auto net = load_supernet<Policy>(first.path, data, at::kCPU);
    for (ic::Predictor& rule : baselines(*net, architectures)) {
      report.predictors.push_back(std::move(rule));
    }
  });
  report.facts = provenance(command, options.machine);
  report.facts.set({{"validation images", fmt::format("{}", data.validation.size())},
                    {"architectures", fmt::format("{} of {}", architectures.size(),
                                                  restriction.architecture_count().value())}});
  ic::write_report(options.out, report);
  for (const Checkpoint& one : checkpoints) std::filesystem::remove(one.results);
  end_if_requested(interrupt, kAllWritten);
  for (const ic::Predictor& p : report.predictors) {
    for (const std::vector<double>& predictions : p.runs) {
      say("Kendall tau-b {:6.3f}  {}\n", ic::kendall_tau_b(predictions, report.truth), p.label);
    }
  }
  say("{}/report.html\n", options.out);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Ranks architectures with trained super-networks and writes a report.",
               "rank_architectures");
  app.add_option("networks", options.networks, "networks that train_supernet wrote")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--data", options.data, "digits, cifar10:FOLDER or fashion:FOLDER")
      ->capture_default_str();
  app.add_option("--truth", options.truth, "CSV file with an `arch` column")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--column", options.column, "the file's column of ground truth")->required();
  app.add_option("--unit", options.unit, "of the ground truth")->capture_default_str();
  add_restriction_option(app, options.restriction);
  app.add_option("--sample", options.sample, "a random sample where there are more than this")
      ->check(whole_number(2, 1000000))
      ->capture_default_str();
  app.add_option("--batch", options.batch, "images in a batch that recalibrates BatchNorm")
      ->check(whole_number(2, 65536))
      ->capture_default_str();
  app.add_option("--validation", options.validation, "validation images to use; 0 for all")
      ->check(whole_number(0, kMostImages))
      ->capture_default_str();
  app.add_flag(
      "--join-seeds", options.join_seeds,
      "the networks of one policy were trained alike: show their mean and standard deviation");
  app.add_flag("--fold-batch-norm", options.fold_batch_norm,
               "evaluate with BatchNorm folded into the convolutions: faster, rounds otherwise");
  add_precision_option(app, options.precision);
  add_machine_options(app, options.machine);
  app.add_option("--out", options.out, "folder of the report")->capture_default_str();
  return run_program(app, argc, argv, [&] { run(options, command_text(argc, argv)); });
}
