#pragma once

// The options that all programs that train have in common.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "examples/machine.hpp"
#include "examples/named_optimizer.hpp"
#include "examples/networks/network_sizes.hpp"
#include "examples/number_options.hpp"
#include "examples/program_data.hpp"
#include "interchoice/training/training.hpp"

namespace examples {

struct TrainingOptions {
  DataOptions data;
  NetworkSizes sizes;
  std::size_t epochs = 30;
  std::int64_t batch = 64;
  double learning_rate = 0.025;
  NamedOptimizer optimizer;
  double label_smoothing = 0;
  std::size_t warm_up = 0;
  Machine machine;
};

/// Epochs, batch and learning rate.
template <class Options>
void add_step_options(CLI::App& app, Options& options) {
  app.add_option("--epochs", options.epochs, "epochs")
      ->check(whole_number(1, 100000))
      ->capture_default_str();
  app.add_option("--batch", options.batch, "images in a batch")
      ->check(whole_number(2, 65536))
      ->capture_default_str();
  app.add_option("--learning-rate", options.learning_rate, "initial learning rate")
      ->check(positive_number())
      ->capture_default_str();
}

inline void add_training_options(CLI::App& app, TrainingOptions& options) {
  add_data_options(app, options.data);
  add_training_images_option(app, options.data);
  add_size_options(app, options.sizes);
  add_step_options(app, options);
  add_optimizer_options(app, options.optimizer);
  app.add_option("--label-smoothing", options.label_smoothing, "weight of the uniform target")
      ->check(number_within(0, 0.99))
      ->capture_default_str();
  app.add_option("--warm-up", options.warm_up, "epochs of linear warm-up")
      ->check(whole_number(0, 100000))
      ->capture_default_str();
  add_machine_options(app, options.machine);
}

/// *Throws* UsageError if nothing is left of the epochs.
inline void check_warm_up(const TrainingOptions& options) {
  if (options.warm_up < options.epochs) return;
  throw UsageError(
      fmt::format("--warm-up {} is not less than --epochs {}", options.warm_up, options.epochs));
}

/// A training as the options say, of a schedule behind the warm-up.
inline ic::Training training_of(const TrainingOptions& options, ic::LearningRate schedule) {
  ic::Training training;
  training.epochs = options.epochs;
  training.learning_rate =
      options.warm_up > 0 ? ic::warm_up(options.warm_up, std::move(schedule)) : std::move(schedule);
  training.optimizer = options.optimizer.maker();
  training.loss = ic::CrossEntropy{.label_smoothing = options.label_smoothing};
  return training;
}

}  // namespace examples
