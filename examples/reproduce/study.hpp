#pragma once

// Many super-networks, trained once, and what they predict.

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "examples/reproduce/budget.hpp"
#include "examples/reproduce/experiment.hpp"
#include "examples/tasks.hpp"
#include "examples/training_csv.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"

namespace reproduce {

/// The super-networks of a figure or table: every method with every seed, on some experiments.
class Study {
 public:
  explicit Study(const StudyOptions& options)
      : options_(options), device_(examples::prepare(options.machine)) {}

  const StudyOptions& options() const { return options_; }

  template <class Experiment>
  void add(const Experiment& experiment, const std::vector<Method<Experiment>>& methods) {
    const auto kept = std::make_shared<const Experiment>(experiment);
    for (std::uint64_t seed = 0; seed < options_.seeds; ++seed) {
      for (const Method<Experiment>& method : methods) {
        const Run run = run_of(experiment, method.label, method.split_at, seed);
        tasks_.add({.name = run.folder.lexically_relative(options_.out / "runs").string(),
                    .folder = run.folder,
                    .is_done = [run, kept] { return is_done(*kept, run); },
                    .work = [run, kept, work = method.train_and_rank] { work(*kept, run); }});
      }
    }
  }

  /// Trains and evaluates what is missing; waits for what other processes are at.
  void complete() { tasks_.complete(options_.tasks, "super-networks"); }

  /// The predictions of a method's super-networks in %, a list for each seed.
  template <class Experiment>
  std::vector<std::vector<double>> predictions(
      const Experiment& experiment, const std::string& method,
      const Evaluation<typename Experiment::Space>& evaluation) const {
    std::vector<std::vector<double>> runs;
    for (std::uint64_t seed = 0; seed < options_.seeds; ++seed) {
      const Run run = run_of(experiment, method, {}, seed);
      examples::claim_folder(run.folder, experiment.settings);
      runs.push_back(ic::TabularBenchmark<typename Experiment::Space>::read(
                         run.folder / (evaluation.name + ".csv"))
                         .column("accuracy")
                         .values(evaluation.architectures));
    }
    return runs;
  }

  /// How a method's super-network was trained, epoch by epoch.
  template <class Experiment>
  std::vector<ic::EpochRecord> training(const Experiment& experiment, const std::string& method,
                                        std::uint64_t seed) const {
    return examples::read_training_csv(run_of(experiment, method, {}, seed).folder /
                                       "training.csv");
  }

 private:
  template <class Experiment>
  static bool is_done(const Experiment& experiment, const Run& run) {
    const auto& evaluations = experiment.evaluations;
    return std::all_of(evaluations.begin(), evaluations.end(), [&](const auto& evaluation) {
      return std::filesystem::exists(run.folder / (evaluation.name + ".csv"));
    });
  }

  template <class Experiment>
  Run run_of(const Experiment& experiment, const std::string& method,
             std::optional<double> split_at, std::uint64_t seed) const {
    std::string folder = method;
    for (char& c : folder) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    }
    return {method, split_at, seed,
            options_.out / "runs" / experiment.name / folder / fmt::format("seed-{}", seed),
            device_};
  }

  StudyOptions options_;
  at::Device device_;
  examples::Tasks tasks_;
};

}  // namespace reproduce
