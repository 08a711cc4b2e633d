#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>

#include "examples/study/experiment.hpp"

namespace examples {

/// One super-network to train and evaluate.
struct StudyRun {
  Method method;
  std::uint64_t seed = 0;
  std::filesystem::path folder;
  at::Device device = at::kCPU;
  bool keeps_network = true;  ///< when its predictions are there
};

/// Where the predictions of a run are.
inline std::filesystem::path table_of(const StudyRun& run, const Evaluation& evaluation) {
  return run.folder / (evaluation.name + ".csv");
}

/// Trains a super-network and predicts the architectures of every evaluation, unless that is in the
/// run's folder already: `supernet.safetensors`, `training.csv`, and a CSV file for each
/// evaluation. Goes on where an interruption has ended it.
///
/// *Throws* Interrupted.
void train_and_rank(const Experiment& experiment, const StudyRun& run);

}  // namespace examples
