// The whole method in three minutes, on data that comes with the repository: trains super-networks
// without dependencies, with bias<1> and with split on 8x8 digits, ranks all 64 architectures of
// the only-convolution space, compares with the same architectures trained alone, and writes a
// report with figures.
//
//   demo --out demo-report
//
// The ground truth, examples/data/digits_only_conv.csv, is committed; its header names the columns,
// its README the command that made it.

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <vector>

#include "embedded/digits_truth.hpp"
#include "examples/baselines.hpp"
#include "examples/machine.hpp"
#include "examples/outputs.hpp"
#include "examples/provenance.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/report/write_report.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "interchoice/stats/kendall.hpp"

namespace {

using namespace examples;

struct Options {
  std::size_t epochs = 300;
  std::uint64_t seed = 0;
  Machine machine;
  std::string out = "demo-report";
};

// As the ground truth was trained.
constexpr NetworkSizes kSizes{.width = 4, .cells = 1, .stages = 2};
constexpr std::int64_t kBatch = 32;
constexpr double kLearningRate = 0.05;

ic::Predictor train_and_rank(const Options& options, const std::string& policy,
                             const ProgramData& data, at::Device device,
                             const std::vector<std::string>& architectures,
                             const ic::InterruptRequest& interrupt, JobProgress& progress) {
  ic::Training training;
  training.epochs = options.epochs;
  training.learning_rate = ic::cosine(kLearningRate, 1e-5);
  training.stop = [&] { return interrupt.requested(); };
  const bool is_split = policy == "split<on_demand>";
  if (is_split) training.split_epochs = {options.epochs / 2};
  const std::string label = is_split ? "split at half" : policy;
  at::manual_seed(options.seed);
  const auto net = network_kinds().front()->make(policy, kSizes, data.shape);
  net->module().to(device);
  const auto record = net->train({}, data.training(kBatch, ic::Seed{options.seed}),
                                 {.restriction = "only_conv", .seed = ic::Seed{options.seed}},
                                 training, progress.next_part("training " + label));
  const char* const kept = "no report was written";
  end_if_requested(interrupt, kept);
  ic::Predictor predictor =
      rank_with(*net, label, data.evaluation(kBatch), architectures, interrupt, kept,
                ic::TerminalProgress("ranking with " + label));
  predictor.training = training_points(record.epochs);
  double seconds = 0;
  for (const ic::EpochRecord& e : record.epochs) seconds += e.seconds;
  const auto parameters = ic::parameter_total(ic::parameter_report(net->module()));
  predictor.facts = {
      {"training time", seconds_text(seconds)},
      {"parameters", fmt::format("{} + {} dependent", parameters.plain, parameters.dependent)}};
  return predictor;
}

/// How well independent trainings agree. A prediction without noise can agree with the mean of all
/// better than two noisy means with each other.
template <class Column>
std::string noise_of_truth(const Column& column) {
  const auto mean_of = [&](const std::vector<const char*>& seeds) {
    std::vector<double> mean(column(seeds.front()).size(), 0.0);
    for (const char* seed : seeds) {
      const auto values = column(seed);
      for (std::size_t i = 0; i < mean.size(); ++i) {
        mean[i] += values[i] / static_cast<double>(seeds.size());
      }
    }
    return mean;
  };
  return fmt::format(
      "Kendall tau-b {:.3f} between two single seeds, {:.3f} between two means of three seeds",
      ic::kendall_tau_b(column("accuracy_0"), column("accuracy_1")),
      ic::kendall_tau_b(mean_of({"accuracy_0", "accuracy_1", "accuracy_2"}),
                        mean_of({"accuracy_3", "accuracy_4", "accuracy_5"})));
}

void run(const Options& options, const std::string& command) {
  const at::Device device = prepare(options.machine);
  const Outputs outputs({.folders = {{"--out", options.out, kReportFiles}}});
  const NetworkKind& kind = *network_kinds().front();
  const ProgramData data = load_program_data({.data = "digits"});
  const auto architectures = kind.architectures("only_conv", 1000);
  const std::string source = "the embedded ground truth";
  const auto benchmark = ic::TabularBenchmark<ic::NasBench201Space>::from_csv(
      ic::CsvTable::parse(std::string_view(reinterpret_cast<const char*>(embedded::digits_truth),
                                           embedded::digits_truth_size),
                          source),
      source);
  const auto column = [&](const char* name) {
    return benchmark.column(name).values(
        ic::distinct_architectures(ic::only_convolutions<ic::NasBench201Space>, 1000, ic::Seed{0}));
  };

  ic::InterruptRequest interrupt;
  ic::Report report;
  report.title = "Ranking 64 architectures of digits with choice-dependent super-networks";
  report.introduction =
      "Three super-networks of the NAS-Bench-201 cell (width 4, two stages of one cell), trained "
      "on "
      "397 images of 8x8 digits with one random path a batch out of the only-convolution space, "
      "predict the accuracy of all 64 architectures on 700 withheld images. The truth is the "
      "accuracy of each architecture trained alone, the mean of six seeds, on 700 other images.";
  report.architectures = architectures;
  report.truth = column("mean_accuracy");
  report.truth_label = "test accuracy, trained alone";
  report.truth_unit = "%";
  JobProgress progress("all trainings", 3);
  for (const char* policy : {"none", "bias<1>", "split<on_demand>"}) {
    report.predictors.push_back(
        train_and_rank(options, policy, data, device, architectures, interrupt, progress));
  }
  for (ic::Predictor& rule :
       baselines(kind, *kind.make("none", kSizes, data.shape), architectures)) {
    report.predictors.push_back(std::move(rule));
  }
  const std::string ceiling = noise_of_truth(column);
  report.facts = provenance(command, options.machine);
  report.facts.set({{"seed", fmt::format("{}", options.seed)},
                    {"noise of the truth", ceiling},
                    {"data",
                     "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak "
                     "(1998), UCI Machine Learning Repository, "
                     "https://doi.org/10.24432/C50P49, CC BY 4.0"}});
  ic::write_report(options.out, report);
  end_if_requested(interrupt, kAllWritten);
  say("\n");
  for (const ic::Predictor& p : report.predictors) {
    say("Kendall tau-b {:6.3f}  {}\n", ic::kendall_tau_b(p.runs.front(), report.truth), p.label);
  }
  say("noise of the truth: {}\nReport: {}/report.html\n", ceiling, options.out);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains three super-networks on digits, ranks 64 architectures, writes a report.",
               "demo");
  app.add_option("--epochs", options.epochs, "epochs of each super-network")
      ->check(whole_number(1, 100000))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of weights, paths, data order and augmentation")
      ->check(whole_number())
      ->capture_default_str();
  add_machine_options(app, options.machine);
  app.add_option("--out", options.out, "folder of the report")->capture_default_str();
  return run_program(app, argc, argv, [&] { run(options, command_text(argc, argv)); });
}
