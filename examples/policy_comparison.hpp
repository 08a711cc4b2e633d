#pragma once

// One-shot rankings on the digits with three policies, beside architectures that were trained alone
// and a baseline that needs no training.

#include <fmt/core.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "embedded/digits.hpp"
#include "examples/command_line.hpp"
#include "examples/machine.hpp"
#include "interchoice/interchoice.hpp"

namespace examples {

namespace ic = interchoice;

struct ComparisonOptions {
  std::size_t epochs = 30;
  std::uint64_t architectures = 20;
  std::uint64_t seed = 0;
  Machine machine;
};

inline void add_comparison_options(CLI::App& app, ComparisonOptions& options) {
  app.add_option("--epochs", options.epochs, "of every training")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--architectures", options.architectures, "that are ranked and trained alone")
      ->check(CLI::Range(2, 10'000))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of all that is random")->capture_default_str();
  add_machine_options(app, options.machine);
}

/// Compares the policies `none`, `bias<1>` and `split` of the networks `Net<Policy>`.
///
/// All trainings are `training`, with the epochs of the options; the split is halfway.
template <template <class> class Net>
class PolicyComparison {
  using Space = typename Net<ic::none>::Impl::Space;
  using Path = ic::Architecture<Space>;

 public:
  PolicyComparison(const ComparisonOptions& options, ic::Training training)
      : options_(options), training_(std::move(training)), device_(prepare(options.machine)) {
    training_.epochs = options.epochs;
    training_.split_epoch = options.epochs / 2;
    paths_ = ic::distinct_architectures(ic::all<Space>, options.architectures, seed());
  }

  void run() {
    std::vector<double> baseline;
    std::vector<double> alone;
    auto example = make<ic::none>();
    const at::Tensor image = validation_.evaluation(0).data;
    const auto start = std::chrono::steady_clock::now();
    for (const Path& path : paths_) {
      baseline.push_back(static_cast<double>(ic::measured_cost(example, path, image).macs));
      auto net = make<ic::none>();
      ic::train(net, train_, ic::Fixed{path}, training_);
      alone.push_back(ic::rank(net, data(), std::vector{path}).predictions[0]);
    }
    fmt::print("{} of {} architectures, {} epochs each\n\n{:12} {:>9} {:>8}  {:>5}  {}\n",
               paths_.size(), ic::architecture_count<Space>(), options_.epochs, "", "parameters",
               "seconds", "tau-b", "predictions in %, best to worst architecture alone");
    const std::vector<std::size_t> order = ic::descending_order(alone);
    const auto row = [&](const std::string& name, std::int64_t parameters, double seconds,
                         const std::vector<double>& predictions, double factor) {
      fmt::print("{:12} {:10} {:8.1f}  {:5.2f} ", name, parameters, seconds,
                 ic::kendall_tau_b(predictions, alone));
      for (const std::size_t i : order) fmt::print(" {:3.0f}", factor * predictions[i]);
      fmt::print("\n");
      std::fflush(stdout);
    };
    row("alone", 0, seconds_since(start), alone, 100);
    row("baseline", 0, 0, baseline, 1e-6);
    compare<ic::none>(row);
    compare<ic::bias<1>>(row);
    compare<ic::split<ic::on_demand>>(row);
  }
