#pragma once

// The trainings of a reproduction: a search space on data, and the methods that are compared on it.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "examples/folder_settings.hpp"
#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/training/train.hpp"

namespace reproduce {

namespace ic = interchoice;

/// Architectures that every super-network of an experiment predicts, and how.
template <class Space>
struct Evaluation {
  std::string name;
  std::vector<ic::Architecture<Space>> architectures;
  ic::Recalibration recalibration = ic::Recalibration::paper();
};

/// A search space on data, with the protocol by which super-networks of it are trained.
template <class Network_, class Source>
struct Experiment {
  using Network = Network_;
  using Space = typename Network::Space;

  std::string name;
  typename Network::Options network;
  ic::Restriction<Space> restriction;
  std::function<Source(ic::Seed)> training_data;
  Source validation_data;
  ic::Training training;
  std::vector<Evaluation<Space>> evaluations;
  ic::Identity settings;  ///< all of the above in words: equal settings, equal results
};

/// One super-network to train and evaluate.
struct Run {
  std::string method;
  std::optional<double> split_at;  ///< fraction of the epochs
  std::uint64_t seed = 0;
  std::filesystem::path folder;
  at::Device device = at::kCPU;
};

/// Trains a super-network and predicts the architectures of every evaluation, unless that is in the
/// run's folder already: `supernet.safetensors`, `training.csv`, and a CSV file for each
/// evaluation.
///
/// Compiled once for each space and policy: see the source files beside this one.
template <class Policy, class Experiment>
void train_and_rank(const Experiment& experiment, const Run& run);

/// A way to make weights depend on choices, under the name that it has in the paper.
template <class Experiment>
struct Method {
  std::string label;
  std::optional<double> split_at;  ///< fraction of the epochs, for `split<on_demand>`
  void (*train_and_rank)(const Experiment&, const Run&);
};

template <class Policy, class Experiment>
Method<Experiment> method(std::string label, std::optional<double> split_at = {}) {
  return {std::move(label), split_at, &train_and_rank<Policy, Experiment>};
}

}  // namespace reproduce
