// Ranks architectures with trained super-networks, judges the rankings by a table of ground truth
// and writes a report.
//
//   rank_architectures none-0.safetensors bias1-0.safetensors --data cifar10:FOLDER
//                      --truth nasbench201.csv --column c10_test_200
//                      --space-restriction only_conv --out report
//
// With --join-seeds the checkpoints of one policy become the runs of one predictor, of which the
// report shows mean and standard deviation.

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "examples/baselines.hpp"
#include "examples/experiment.hpp"
#include "examples/named_restriction.hpp"
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
  Machine machine;
  std::string out = "report";
};

ic::Predictor rank_checkpoint(const std::string& path, const Options& options,
                              const ExperimentData& data, at::Device device,
                              const std::vector<ic::Architecture<Space>>& architectures,
                              const ic::InterruptRequest& interrupt) {
  const SupernetFile file(path);
  ic::Predictor predictor;
  with_policy(file.policy, [&]<class Policy>() {
    auto net = load_supernet<Policy>(path, data, device);
    const std::string* const seed = file.facts.find("seed");
    std::string label = file.policy == "split<on_demand>" ? "split" : file.policy;
    if (seed != nullptr && !options.join_seeds) label += ", seed " + *seed;
    predictor = rank_with<Policy>(net, label, data, options.batch, architectures, interrupt,
                                  {.fold_batch_norm = options.fold_batch_norm});
  });
  if (std::filesystem::exists(path + ".csv")) {
    const auto epochs = read_training_csv(path + ".csv");
    predictor.training = training_points(epochs);
    double seconds = 0;
    for (const ic::EpochRecord& e : epochs) seconds += e.seconds;
    predictor.facts.set("training time", seconds_text(seconds));
  }
  for (const char* name : {"command", "restriction", "seed"}) {
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
  const at::Device device = prepare(options.machine);
  ExperimentData data = load_data(options.data, 0);
  use_validation_images(data, options.validation);
  const auto truth = ic::TabularBenchmark<Space>::read(options.truth).column(options.column);
  const auto restriction = named_restriction<Space>(options.restriction);
  const auto architectures = architectures_to_rank(restriction, options.sample);
  ic::InterruptRequest interrupt;
  ic::Report report;
  report.title = "NAS-Bench-201, " + options.restriction + ", " + data.name;
  report.architectures = texts(architectures);
  report.truth = truth.values(architectures);
  report.truth_label = options.column;
  report.truth_unit = options.unit;
  for (const std::string& path : options.networks) {
    add(report.predictors, rank_checkpoint(path, options, data, device, architectures, interrupt),
        options.join_seeds);
  }
  const std::string& first = options.networks.front();
  with_policy(SupernetFile(first).policy, [&]<class Policy>() {
    const auto net = load_supernet<Policy>(first, data, at::kCPU);
    for (ic::Predictor& rule : baselines(*net, architectures)) {
      report.predictors.push_back(std::move(rule));
    }
  });
  report.facts = {{"command", command},
                  {"validation images", fmt::format("{}", data.validation.size())},
                  {"architectures", fmt::format("{} of {}", architectures.size(),
                                                restriction.architecture_count().value())}};
  ic::write_report(options.out, report);
  for (const ic::Predictor& p : report.predictors) {
    for (const std::vector<double>& predictions : p.runs) {
      fmt::print("Kendall tau-b {:6.3f}  {}\n", ic::kendall_tau_b(predictions, report.truth),
                 p.label);
    }
  }
  fmt::print("{}/report.html\n", options.out);
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
      ->check(CLI::Range(2, 1000000))
      ->capture_default_str();
  app.add_option("--batch", options.batch, "images in a batch that recalibrates BatchNorm")
      ->check(CLI::Range(2, 65536))
      ->capture_default_str();
  app.add_option("--validation", options.validation, "validation images to use; 0 for all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_flag(
      "--join-seeds", options.join_seeds,
      "the networks of one policy were trained alike: show their mean and standard deviation");
  app.add_flag("--fold-batch-norm", options.fold_batch_norm,
               "evaluate with BatchNorm folded into the convolutions: faster, rounds otherwise");
  add_machine_options(app, options.machine);
  app.add_option("--out", options.out, "folder of the report")->capture_default_str();
  return run_program(app, argc, argv, [&] { run(options, command_text(argc, argv)); });
}
