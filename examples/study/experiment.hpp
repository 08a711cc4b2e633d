#pragma once

// What a study trains: a search space on data, and the methods that are compared on it.

#include <cctype>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "examples/networks/network_kind.hpp"
#include "examples/program_data.hpp"
#include "interchoice/core/identity.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/training/training.hpp"

namespace examples {

namespace ic = interchoice;

/// Architectures that every super-network of an experiment predicts, and how.
struct Evaluation {
  std::string name;
  std::vector<std::string> architectures;
  ic::Recalibration recalibration = ic::Recalibration::paper();
  bool without_tables =
      false;  ///< the tables of dependent weights as at the start (`reset_tables`)
};

/// A search space on data, with the protocol by which super-networks of it are trained.
struct Experiment {
  std::string name;  ///< of a folder, too
  const NetworkKind* kind = nullptr;
  NetworkSizes sizes = {};
  std::string restriction = "all";
  std::shared_ptr<const ProgramData> data;
  std::int64_t batch = 32;
  std::int64_t calibration_batch = 32;  ///< images of each batch that recalibrates BatchNorm
  ic::Training training;
  std::vector<Evaluation> evaluations;
  ic::Identity settings;  ///< all of the above in words: equal settings, equal results
};

/// A way to make weights depend on choices, and to train them.
struct Method {
  std::string label;
  std::string policy = "none";
  /// What it changes of the experiment's training.
  std::function<void(ic::Training&)> adapt = [](ic::Training&) {};
  /// Seeds that are the same in every run, to see what the others are to blame for.
  std::optional<std::uint64_t> weights_seed = {};
  std::optional<std::uint64_t> paths_seed = {};
  /// Whether its networks predict once more without their tables. It changes nothing of the rest,
  /// so that it is no part of the settings.
  bool without_tables = false;
  ic::Identity settings = {};  ///< all of the above that the label does not say, in words
};

/// A label as the name of a folder: letters, digits and `_`.
inline std::string folder_name(std::string label) {
  for (char& c : label) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return label;
}

/// Everything that decides what a run gives, beside its seed.
inline ic::Identity settings_of(const Experiment& experiment, const Method& method) {
  ic::Identity settings = experiment.settings;
  settings.set(method.settings);
  return settings;
}

/// What the super-networks of a method predict. The evaluation without tables is the last one,
/// since it leaves none.
inline std::vector<Evaluation> evaluations_of(const Experiment& experiment, const Method& method) {
  std::vector<Evaluation> all = experiment.evaluations;
  if (!method.without_tables) return all;
  all.push_back(experiment.evaluations.front());
  all.back().name += "-without-tables";
  all.back().without_tables = true;
  return all;
}

/// `split<on_demand>`, split at a fraction of the epochs.
inline Method split_method(std::string label, double fraction) {
  return {.label = std::move(label),
          .policy = "split<on_demand>",
          .adapt = [fraction](ic::Training& training) {
            training.split_epochs = {
                static_cast<std::size_t>(fraction * static_cast<double>(training.epochs))};
          }};
}

}  // namespace examples
