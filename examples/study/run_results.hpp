#pragma once

// What is kept of a study's runs: tables that are small enough to be committed, and enough to make
// the study's page or to go on with the study elsewhere.

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "interchoice/core/identity.hpp"

namespace examples {

namespace ic = interchoice;

/// The run of a method, or of a score, with a seed.
struct RunName {
  std::string experiment;
  std::string method;
  std::uint64_t seed = 0;
  auto operator<=>(const RunName&) const = default;
};

/// Predictions of architectures: accuracies in %, or scores.
struct RunPredictions {
  std::vector<std::string> architectures;
  std::vector<double> values;

  /// *Throws* std::runtime_error if they are of other architectures; `source` is where they are.
  void require(const std::vector<std::string>& wanted, const std::string& source) const;
};

/// What came of a run.
struct RunResult {
  ic::Identity settings;
  std::map<std::string, RunPredictions> evaluations;
  double seconds = 0;                   ///< of training, or of scoring
  std::optional<double> loss = {};      ///< of the last epoch; none where nothing is trained
  std::optional<double> accuracy = {};  ///< of its batches, in [0, 1]
  std::string machine;
  std::string date;
};

/// The results of runs: `runs.csv` (a row for each), `settings.csv`, and for each experiment and
/// evaluation a table `EXPERIMENT.EVALUATION.csv` of architectures with a column for each run that
/// has it.
class RunResults {
 public:
  /// What a folder has; nothing, if there is no `runs.csv`. *Throws* std::runtime_error with the
  /// path and line for tables that do not fit each other.
  static RunResults read(const std::filesystem::path& folder);

  /// Null for a run that is not there. *Throws* std::runtime_error that names the differences for
  /// one of other settings.
  const RunResult* find(const RunName& name, const ic::Identity& settings) const;

  /// Evaluations that were there already, of the same settings, stay where the result has none.
  void set(const RunName& name, RunResult result);
  bool empty() const { return runs_.empty(); }
  void write(const std::filesystem::path& folder) const;

 private:
  std::map<RunName, RunResult> runs_;
  std::filesystem::path folder_;  // of messages
};

}  // namespace examples
