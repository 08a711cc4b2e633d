#pragma once

// What a search is, as options of a command line.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "examples/machine.hpp"
#include "examples/named_restriction.hpp"
#include "examples/number_options.hpp"
#include "examples/program_data.hpp"
#include "interchoice/training/progress.hpp"

namespace examples {

namespace ic = interchoice;

/// How tables are read.
struct TableOptions {
  std::string joined_to;             ///< FILE:COLUMN for those without a column `arch`
  std::vector<std::string> missing;  ///< fields that mean no value
  bool may_be_partial = false;       ///< whether architectures may lack a value
};

/// The super-network of a checkpoint, and the images it is evaluated on.
struct SupernetOptions {
  std::string file;  ///< that train_supernet wrote
  DataOptions data;
  std::int64_t batch = 64;
  Machine machine;
};

/// The objectives and limits of a search, as texts.
struct ProblemOptions {
  std::vector<std::string> objectives;  ///< a known name or NAME=FILE:COLUMN:max, :min
  std::vector<std::string> values;      ///< NAME=FILE:COLUMN
  std::vector<std::string> at_most;     ///< NAME=NUMBER
  std::vector<std::string> at_least;    ///< NAME=NUMBER

  /// Whether an objective or a limit is by what is known under a name.
  bool names(const std::string& name) const {
    const auto limits = [&](const std::string& text) { return text.starts_with(name + "="); };
    return std::find(objectives.begin(), objectives.end(), name) != objectives.end() ||
           std::any_of(at_most.begin(), at_most.end(), limits) ||
           std::any_of(at_least.begin(), at_least.end(), limits);
  }
};

/// How to search.
struct AlgorithmOptions {
  std::string algorithm = "nsga2";  ///< or evolution, random
  std::size_t evaluations = 500;    ///< different architectures
  std::uint32_t population = 50;
  double swap_probability = 0;  ///< of evolution; 0 is the published one
  std::uint64_t seed = 0;
  bool is_slow = false;  ///< an evaluation takes long: shows progress, stores each
};

inline void add_algorithm_options(CLI::App& app, AlgorithmOptions& options) {
  app.add_option("--algorithm", options.algorithm, "how to search")
      ->check(CLI::IsMember({"nsga2", "evolution", "random"}))
      ->capture_default_str();
  app.add_option("--evaluations", options.evaluations, "different architectures")
      ->check(whole_number(1, 1000000))
      ->capture_default_str();
  app.add_option("--population", options.population, "of nsga2 and evolution")
      ->check(whole_number(2, 10000))
      ->capture_default_str();
  app.add_option("--swap-probability", options.swap_probability,
                 "of evolution: how often two choices are swapped instead of one changed; helps "
                 "below tight limits")
      ->check(number_within(0, 1))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "decides the search")
      ->check(whole_number())
      ->capture_default_str();
}

/// How a search has something computed.
struct Preparation {
  std::function<bool()> stop = {};                       ///< whether to end it early
  std::function<void(const ic::Progress&)> report = {};  ///< of it
};

/// A search.
struct SearchOptions {
  std::string restriction = "all";
  TableOptions tables;
  SupernetOptions supernet;
  ProblemOptions problem;
  AlgorithmOptions algorithm;
  std::vector<std::string> reference;
  std::string out = "search";

  bool has_supernet() const { return !supernet.file.empty(); }
};

}  // namespace examples
