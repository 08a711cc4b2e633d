#pragma once

// Rankings on the digits by super-networks with three policies, beside architectures that were
// trained alone, and a baseline that needs no training.

#include <fmt/core.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "embedded/digits.hpp"
#include "examples/command_line.hpp"
#include "examples/folder_settings.hpp"
#include "examples/machine.hpp"
#include "examples/tasks.hpp"
#include "interchoice/interchoice.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/networks/measured_cost.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/ranks.hpp"

namespace examples {

namespace ic = interchoice;

struct ComparisonOptions {
  std::size_t epochs = 60;
  std::size_t alone_epochs = 20;
  std::uint64_t architectures = 12;
  std::uint64_t seed = 0;
  std::string keep = {};
  TaskOptions tasks = {};
  Machine machine = {};
};

/// Compares the policies `none`, `bias<1>` and `split` in the networks `Net<Policy>`: predictions
/// of architectures beside their accuracies when trained alone, twice. The split comes halfway.
template <template <class> class Net>
class PolicyComparison {
  using Space = typename Net<ic::none>::Space;
  using Path = ic::Architecture<Space>;

 public:
  PolicyComparison(const ComparisonOptions& options, ic::Training training)
      : options_(options), device_(prepare(options.machine)), training_(std::move(training)) {
    paths_ =
        ic::distinct_architectures(ic::all<Space>, options.architectures, ic::Seed{options.seed});
  }

  void run() {
    std::vector<Column> trained =
        made({{"alone-1", "alone", [this] { return train_alone(options_.seed + 1); }},
              {"alone-2", "alone", [this] { return train_alone(options_.seed + 2); }},
              work_of<ic::none>("none"),
              work_of<ic::bias<1>>("bias1"),
              work_of<ic::split<ic::on_demand>>("split")});
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      alone_.push_back((trained[0].values[i] + trained[1].values[i]) / 2);
    }
    const double ceiling = ic::kendall_tau_b(trained[0].values, trained[1].values);
    columns_.push_back(count_macs());
    columns_.insert(columns_.end(), trained.begin() + 2, trained.end());
    print(ceiling);
  }

 private:
  struct Column {
    std::string heading;
    std::vector<double> values;  // one an architecture
    double seconds = 0;          // of training
  };
  struct Work {
    std::string name;
    std::string heading;
    std::function<Column()> make;
  };
  using Clock = std::chrono::steady_clock;

  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  ic::EvaluationData data() const { return {.calibration = train_, .validation = validation_}; }

  template <class Policy>
  Net<Policy> make(std::uint64_t seed) const {
    torch::manual_seed(seed);
    Net<Policy> net;
    net->to(device_);
    return net;
  }

  /// The columns of all works, each out of the folder that keeps it, if there is one.
  std::vector<Column> made(const std::vector<Work>& works) const {
    std::vector<Column> columns;
    if (options_.keep.empty()) {
      for (const Work& work : works) columns.push_back(work.make());
    } else {
      const std::filesystem::path keep(options_.keep);
      Tasks tasks;
      for (const Work& work : works) {
        const std::filesystem::path folder = keep / work.name;
        tasks.add({.name = work.name,
                   .folder = folder,
                   .is_done = [folder] { return std::filesystem::exists(folder / "column.csv"); },
                   .work = [this, folder, &work] { write(folder, work.make()); }});
      }
      tasks.complete(options_.tasks, "columns");
      for (const Work& work : works) columns.push_back(read(keep / work.name));
    }
    for (std::size_t i = 0; i < works.size(); ++i) columns[i].heading = works[i].heading;
    return columns;
  }

  ic::Identity settings() const {
    return {{"space", ic::space_signature<Space>()},
            {"epochs", fmt::format("{}", options_.epochs)},
            {"epochs alone", fmt::format("{}", options_.alone_epochs)},
            {"architectures", fmt::format("{}", options_.architectures)},
            {"seed", fmt::format("{}", options_.seed)},
            {"device", device_.is_cuda() ? "cuda" : "cpu"},
            {"threads", fmt::format("{}", options_.machine.threads)}};
  }

  void write(const std::filesystem::path& folder, const Column& column) const {
    claim_folder(folder, settings());
    std::string text = "arch,value,seconds\n";
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      text += fmt::format("{},{},{}\n", ic::csv_field(ic::to_text(paths_[i])), column.values[i],
                          column.seconds);
    }
    ic::write_file_atomically(folder / "column.csv", text);
  }

  Column read(const std::filesystem::path& folder) const {
    claim_folder(folder, settings());
    const auto csv = ic::CsvTable::read(folder / "column.csv");
    return {{}, csv.numbers("value"), csv.numbers("seconds").at(0)};
  }

  Column train_alone(std::uint64_t seed) const {
    Column column;
    ic::Training training = training_;
    training.epochs = options_.alone_epochs;
    const auto start = Clock::now();
    for (const Path& path : paths_) {
      torch::manual_seed(seed);
      ic::Subnet<Net<ic::none>> net(path);
      net->to(device_);
      ic::train(net, train_, ic::Fixed{path}, training);
      column.values.push_back(100 * ic::rank(net, data(), std::vector{path}).predictions[0]);
    }
    say("{} of {} architectures trained alone, {} epochs each: {:.0f} s\n", paths_.size(),
        *ic::architecture_count<Space>(), training.epochs, seconds_since(start));
    return column;
  }

  Column count_macs() const {
    Column column{"MACs / 1000", {}};
    auto net = make<ic::none>(0);
    const at::Tensor image = validation_.evaluation(0).data.to(device_);
    for (const Path& path : paths_) {
      column.values.push_back(static_cast<double>(ic::measured_cost(net, path, image).macs) / 1e3);
    }
    return column;
  }

  template <class Policy>
  Work work_of(const char* name) const {
    return {name, ic::policy_text<Policy>(), [this] { return predictions<Policy>(); }};
  }

  template <class Policy>
  Column predictions() const {
    Column column;
    ic::Training training = training_;
    training.epochs = options_.epochs;
    if (std::is_same_v<Policy, ic::split<ic::on_demand>>)
      training.split_epochs = {training.epochs / 2};
    auto net = make<Policy>(options_.seed);
    const auto start = Clock::now();
    ic::train(net, train_, ic::Sampler{ic::Uniform{ic::all<Space>}, ic::Seed{options_.seed}},
              training);
    column.seconds = seconds_since(start);
    for (const double accuracy : ic::rank(net, data(), paths_).predictions) {
      column.values.push_back(100 * accuracy);
    }
    return column;
  }

  void print(double ceiling) const {
    const auto row = [&](const std::string& name, const std::string& alone, const auto& text) {
      say("{:14}{:>8}", name, alone);
      for (const Column& column : columns_) say("{:>18}", text(column));
      say("\n");
    };
    say("\nAccuracies and predictions in %, best first:\n");
    row("architecture", "alone", [](const Column& column) { return column.heading; });
    for (const std::size_t i : ic::best_first(alone_)) {
      row(ic::to_text(paths_[i]), fmt::format("{:.1f}", alone_[i]),
          [i](const Column& column) { return fmt::format("{:.1f}", column.values[i]); });
    }
    row("Kendall tau-b", fmt::format("({:.2f})", ceiling), [&](const Column& column) {
      return fmt::format("{:.2f}", ic::kendall_tau_b(column.values, alone_));
    });
    row("seconds", "", [](const Column& column) { return fmt::format("{:.1f}", column.seconds); });
    say("In brackets: one training alone against the other.\n");
  }

  ComparisonOptions options_;
  at::Device device_;
  ic::Training training_;
  std::vector<Path> paths_;
  std::vector<double> alone_;    // mean accuracies of networks that trained one architecture
  std::vector<Column> columns_;  // the predictors
  ic::ImageSet digits_ = ic::decode_digits(std::span(embedded::digits, embedded::digits_size));
  ic::Normalisation normalisation_ =
      ic::measure_normalisation(ic::first_images(digits_, ic::kDigitsTraining));
  ic::Batches train_{ic::first_images(digits_, ic::kDigitsTraining),
                     {64, normalisation_, {}, ic::Seed{options_.seed}}};
  ic::Batches validation_{ic::last_images(digits_, ic::kDigitsTest), {500, normalisation_}};
};

/// The program: its options, then the comparison.
template <template <class> class Net>
int compare_policies(const char* description, const ic::Training& training, int argc, char** argv) {
  CLI::App app(description);
  ComparisonOptions options;
  app.add_option("--epochs", options.epochs, "of a super-network")
      ->check(whole_number(1, 10'000))
      ->capture_default_str();
  app.add_option("--alone-epochs", options.alone_epochs, "of an architecture alone")
      ->check(whole_number(1, 10'000))
      ->capture_default_str();
  app.add_option("--architectures", options.architectures, "ranked, and trained alone, twice")
      ->check(whole_number(2, 10'000))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of everything that is random")
      ->check(whole_number())
      ->capture_default_str();
  app.add_option("--keep", options.keep,
                 "folder that keeps every finished column: the same command goes on there");
  add_machine_options(app, options.machine);
  add_task_options(app, options.tasks, "column");
  for (const char* option : {"--parallel", "--only"}) app.get_option(option)->needs("--keep");
  return run_program(app, argc, argv, [&] { PolicyComparison<Net>(options, training).run(); });
}

}  // namespace examples
