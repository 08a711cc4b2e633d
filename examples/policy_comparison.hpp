#pragma once

// Rankings on the digits by super-networks with three policies, beside architectures that were
// trained alone, and a baseline that needs no training.

#include <fmt/core.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "embedded/digits.hpp"
#include "examples/command_line.hpp"
#include "examples/machine.hpp"
#include "interchoice/interchoice.hpp"
#include "interchoice/networks/measured_cost.hpp"
#include "interchoice/stats/kendall.hpp"

namespace examples {

namespace ic = interchoice;

struct ComparisonOptions {
  std::size_t epochs = 20;
  std::uint64_t architectures = 16;
  std::uint64_t seed = 0;
  Machine machine = {};
};

/// Compares the policies `none`, `bias<1>` and `split` in the networks `Net<Policy>`. All trainings
/// are alike; the split comes halfway.
template <template <class> class Net>
class PolicyComparison {
  using Space = typename Net<ic::none>::Space;
  using Path = ic::Architecture<Space>;

 public:
  PolicyComparison(const ComparisonOptions& options, ic::Training training)
      : seed_(options.seed), device_(prepare(options.machine)), training_(std::move(training)) {
    training_.epochs = options.epochs;
    paths_ = ic::distinct_architectures(ic::all<Space>, options.architectures, ic::Seed{seed_});
  }

  void run() {
    std::vector<double> macs;
    const auto start = std::chrono::steady_clock::now();
    for (const Path& path : paths_) {
      auto net = make<ic::none>();
      macs.push_back(static_cast<double>(
          ic::measured_cost(net, path, validation_.evaluation(0).data.to(device_)).macs));
      ic::train(net, train_, ic::Fixed{path}, training_);
      alone_.push_back(ic::rank(net, data(), std::vector{path}).predictions[0]);
    }
    fmt::print(
        "{} of {} architectures, each trained alone: {:.0f} s, accuracies {:.1f} to {:.1f} %\n",
        paths_.size(), ic::architecture_count<Space>(), seconds_since(start),
        100 * *std::min_element(alone_.begin(), alone_.end()),
        100 * *std::max_element(alone_.begin(), alone_.end()));
    fmt::print("\n{:34} {:>5} {:>10} {:>8}  {}\n", "ranked by", "tau-b", "parameters", "seconds",
               "the first");
    fmt::print("{:34} {:5.2f} {:>10} {:>8}  {}\n", "multiply-accumulates",
               ic::kendall_tau_b(macs, alone_), "", "", first(macs));
    compare<ic::none>();
    compare<ic::bias<1>>();
    compare<ic::split<ic::on_demand>>();
  }

 private:
  using Clock = std::chrono::steady_clock;

  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  ic::EvaluationData data() const { return {.calibration = train_, .validation = validation_}; }

  template <class Policy>
  Net<Policy> make() const {
    torch::manual_seed(seed_);
    Net<Policy> net;
    net->to(device_);
    return net;
  }

  template <class Policy>
  void compare() const {
    auto net = make<Policy>();
    ic::Training training = training_;
    if (std::is_same_v<Policy, ic::split<ic::on_demand>>)
      training.split_epoch = training.epochs / 2;
    const auto start = Clock::now();
    ic::train(net, train_, ic::Sampler{ic::Uniform{ic::all<Space>}, ic::Seed{seed_}}, training);
    const double seconds = seconds_since(start);
    const auto ranking = ic::rank(net, data(), paths_);
    std::int64_t parameters = 0;
    for (const at::Tensor& p : net->parameters()) parameters += p.numel();
    fmt::print("{:34} {:5.2f} {:10} {:8.1f}  {}\n", "super-network, " + ic::policy_text<Policy>(),
               ic::kendall_tau_b(ranking.predictions, alone_), parameters, seconds,
               first(ranking.predictions));
    std::fflush(stdout);
  }

  /// The architecture with the highest prediction, and its accuracy alone.
  std::string first(const std::vector<double>& predictions) const {
    const auto best = std::max_element(predictions.begin(), predictions.end());
    const auto i = static_cast<std::size_t>(best - predictions.begin());
    return fmt::format("{}, {:.1f} % alone", ic::to_text(paths_[i]), 100 * alone_[i]);
  }

  std::uint64_t seed_;
  at::Device device_;
  ic::Training training_;
  std::vector<Path> paths_;
  std::vector<double> alone_;  // accuracies of networks that trained one architecture
  ic::ImageSet digits_ = ic::decode_digits(std::span(embedded::digits, embedded::digits_size));
  ic::Normalisation normalisation_ =
      ic::measure_normalisation(ic::first_images(digits_, ic::kDigitsTraining));
  ic::Batches train_{ic::first_images(digits_, ic::kDigitsTraining),
                     {64, normalisation_, {}, ic::Seed{seed_}}};
  ic::Batches validation_{ic::last_images(digits_, ic::kDigitsTest), {500, normalisation_}};
};

/// The program: its options, then the comparison.
template <template <class> class Net>
int compare_policies(const char* description, const ic::Training& training, int argc, char** argv) {
  CLI::App app(description);
  ComparisonOptions options;
  app.add_option("--epochs", options.epochs, "of every training")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--architectures", options.architectures, "ranked, and trained alone")
      ->check(CLI::Range(2, 10'000))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of everything that is random")->capture_default_str();
  add_machine_options(app, options.machine);
  return run_program(app, argc, argv, [&] { PolicyComparison<Net>(options, training).run(); });
}

}  // namespace examples
