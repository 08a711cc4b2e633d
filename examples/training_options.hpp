#pragma once

// The options that all programs that train have in common.

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>

#include "examples/machine.hpp"
#include "examples/networks/network_sizes.hpp"
#include "examples/number_options.hpp"
#include "examples/program_data.hpp"

namespace examples {

struct TrainingOptions {
  DataOptions data;
  NetworkSizes sizes;
  std::size_t epochs = 30;
  std::int64_t batch = 64;
  double learning_rate = 0.025;
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
  add_machine_options(app, options.machine);
}

}  // namespace examples
