#pragma once

// What is kept of a study's runs: tables that are small enough to be committed, and enough to make
// the study's page or to go on with the study elsewhere.

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "interchoice/core/identity.hpp"

namespace examples {

namespace ic = interchoice;

/// The run of a method with a seed.
struct RunName {
  std::string experiment;
  std::string method;
  std::uint64_t seed = 0;
  auto operator<=>(const RunName&) const = default;
};

/// Predictions of architectures, in %.
struct RunPredictions {
  std::vector<std::string> architectures;
  std::vector<double> values;
};

/// What came of a run.
struct RunResult {
  ic::Identity settings;
  std::map<std::string, RunPredictions> evaluations;
  double seconds = 0;   ///< of training
  double loss = 0;      ///< of the last epoch
  double accuracy = 0;  ///< of its batches, in [0, 1]
  std::string machine;
  std::string date;
};

/// The results of runs: `runs.csv` (a row for each), `settings.csv`, and for each experiment and
/// evaluation a table `EXPERIMENT.EVALUATION.csv` of architectures with a column for each run.
class RunResults {
 public:
  /// What a folder has; nothing, if there is no `runs.csv`. *Throws* std::runtime_error with the
  /// path and line for tables that do not fit each other.
  static RunResults read(const std::filesystem::path& folder);

  /// Null for a run that is not there. *Throws* std::runtime_error that names the differences for
  /// one of other settings.
  const RunResult* find(const RunName& name, const ic::Identity& settings) const;

  void set(const RunName& name, RunResult result) { runs_[name] = std::move(result); }
  bool empty() const { return runs_.empty(); }
  void write(const std::filesystem::path& folder) const;

 private:
  std::map<RunName, RunResult> runs_;
  std::filesystem::path folder_;  // of messages
};

}  // namespace examples
