// Trains every architecture of a restriction as a network of its own and writes a table of ground
// truth: what the rankings of super-networks are judged by.
//
//   train_standalone --data digits --space-restriction only_conv --seeds 3 --out truth.csv
//
// One path of a super-network without dependencies, always the same one, is a network of its own:
// nothing off the path ever gets a gradient. Columns: arch, one test accuracy (in %) a seed, their
// mean, parameters. It says how well single seeds agree: the noise of the table.

#include <cstdio>
#include <string>
#include <vector>

#include "examples/experiment.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/sampling/fixed.hpp"
#include "interchoice/stats/kendall.hpp"

namespace {

using namespace examples;

struct Options {
  std::string data = "digits";
  std::string restriction = "only_conv";
  std::size_t epochs = 30;
  NetworkSizes sizes;
  std::int64_t batch = 64;
  std::int64_t images = 0;
  double learning_rate = 0.025;
  std::uint64_t seeds = 2;
  Machine machine;
  std::string out = "truth.csv";
};

double test_accuracy(const Options& options, const ExperimentData& data, at::Device device,
                     const ic::Architecture<Space>& architecture, std::uint64_t seed) {
  auto net = make_supernet<ic::none>(options.sizes, data, seed, device);
  ic::Training training;
  training.epochs = options.epochs;
  training.learning_rate = ic::cosine(options.learning_rate, 1e-5);
  ic::train(net, data.training_batches(options.batch, ic::Seed{seed}),
            ic::FixedSampler<Space>(architecture), training);
  net->eval();
  return 100 *
         ic::accuracy(net, architecture, data.plain_batches(data.test, data.normalisation, 256));
}

void run(const Options& options) {
  const at::Device device = prepare(options.machine);
  const ExperimentData data = load_data(options.data, options.images);
  const auto architectures = architectures_to_rank(kRestrictions.at(options.restriction), 1000);
  std::vector<std::vector<double>> accuracies(options.seeds);
  ic::InterruptRequest interrupt;
  ic::TerminalProgress progress("stand-alone trainings");
  for (const auto& architecture : architectures) {
    for (std::uint64_t seed = 0; seed < options.seeds; ++seed) {
      if (interrupt.requested()) throw std::runtime_error("interrupted; no table was written");
      accuracies[seed].push_back(test_accuracy(options, data, device, architecture, seed));
    }
    progress({accuracies[0].size(), architectures.size(), ic::to_text(architecture),
              accuracies[0].size() % 8 == 0});
  }
  const auto plain = make_supernet<ic::none>(options.sizes, data, 0, at::kCPU);
  std::string text = "arch";
  for (std::uint64_t s = 0; s < options.seeds; ++s) text += ",accuracy_" + std::to_string(s);
  text += ",mean_accuracy,params\n";
  for (std::size_t i = 0; i < architectures.size(); ++i) {
    text += ic::to_text(architectures[i]);
    double sum = 0;
    char number[32];
    for (const auto& seed : accuracies) {
      std::snprintf(number, sizeof number, ",%.6f", seed[i]);
      text += number;
      sum += seed[i];
    }
    std::snprintf(number, sizeof number, ",%.6f", sum / static_cast<double>(options.seeds));
    text += number + (',' + std::to_string(ic::path_parameters(*plain, architectures[i]))) + '\n';
  }
  ic::write_file_atomically(options.out, text);
  for (std::uint64_t a = 0; a < options.seeds; ++a) {
    for (std::uint64_t b = a + 1; b < options.seeds; ++b) {
      std::printf("Kendall tau-b between seeds %d and %d: %.3f\n", static_cast<int>(a),
                  static_cast<int>(b), ic::kendall_tau_b(accuracies[a], accuracies[b]));
    }
  }
  std::printf("%s: %zu architectures\n", options.out.c_str(), architectures.size());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains every architecture of a restriction alone and writes a table.",
               "train_standalone");
  app.add_option("--data", options.data, "digits, cifar10:FOLDER or fashion:FOLDER")
      ->capture_default_str();
  app.add_option("--space-restriction", options.restriction, "which architectures")
      ->check(CLI::IsMember({"all", "no_zero", "only_conv"}))
      ->capture_default_str();
  add_training_options(app, options);
  app.add_option("--seeds", options.seeds, "trainings of each architecture, seeds 0, 1, ...")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--out", options.out, "the table to write")->capture_default_str();
  return run_program(app, argc, argv, [&] { run(options); });
}
