#pragma once

// Training with or without a file that keeps what an interruption would lose.

#include "examples/state_options.hpp"
#include "interchoice/training/resumable_training.hpp"
#include "interchoice/training/train.hpp"

namespace examples {

namespace ic = interchoice;

/// Trains; with a state file goes on where that ends.
template <class Network, class Source, class Sampler, class Report>
ic::TrainingRecord train_with_state(const StateOptions& options, Network& network,
                                    const Source& data, const Sampler& sample,
                                    const ic::Training& training, Report&& report) {
  if (options.file.empty()) return ic::train(network, data, sample, training, report);
  return ic::train_resumable({.path = options.file,
                              .steps = options.steps,
                              .minutes = options.minutes,
                              .exact = options.exact},
                             network, data, sample, training, report);
}

}  // namespace examples
