#pragma once

// Training with or without a file that an interruption leaves behind.

#include <filesystem>
#include <string>

#include "examples/command_line.hpp"
#include "interchoice/training/resumable_training.hpp"
#include "interchoice/training/train.hpp"

namespace examples {

namespace ic = interchoice;

inline void add_state_option(CLI::App& app, std::string& state) {
  app.add_option("--state", state,
                 "file that keeps the training after every epoch: the same command goes on from "
                 "there; removed at the end");
}

/// Trains; with a state file goes on where that ends.
template <class Network, class Source, class Sampler, class Report>
ic::TrainingRecord train_with_state(const std::string& state, Network& network, const Source& data,
                                    const Sampler& sample, const ic::Training& training,
                                    Report&& report) {
  if (state.empty()) return ic::train(network, data, sample, training, report);
  const auto record = ic::train_resumable({.path = state}, network, data, sample, training, report);
  if (!record.stopped) std::filesystem::remove(state);
  return record;
}

}  // namespace examples
