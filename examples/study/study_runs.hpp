#pragma once

// Many super-networks, trained once, and what they predict.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "examples/study/experiment.hpp"
#include "examples/study/run_results.hpp"
#include "examples/study/train_and_rank.hpp"
#include "examples/tasks.hpp"
#include "interchoice/report/report.hpp"

namespace examples {

/// The folder of a study's super-networks, and how they come to be.
struct StudyPlace {
  std::filesystem::path runs;  ///< a folder for each super-network
  std::uint64_t seeds = 3;     ///< of each method: 0, 1, ...
  at::Device device = at::kCPU;
  TaskOptions tasks = {};
  bool keeps_networks = true;  ///< when their predictions are there
  RunResults known = {};       ///< of runs that need not be made again
};

/// The super-networks of a study: every method with every seed, on some experiments. Processes that
/// are started with the same folder share the work, and an interruption loses none of it.
class StudyRuns {
 public:
  explicit StudyRuns(StudyPlace place) : place_(std::move(place)) {}

  const StudyPlace& place() const { return place_; }

  /// Runs come seed by seed, so that an unfinished study has whole pairs.
  void add(const Experiment& experiment, const std::vector<Method>& methods);

  /// Trains and evaluates what is missing; waits for what other processes are at.
  ///
  /// *Throws* Interrupted, and Done behind the task of --only.
  void complete() { tasks_.complete(place_.tasks, "super-networks"); }

  /// What came of a run; none while it is missing.
  ///
  /// *Throws* std::runtime_error for results of other settings.
  std::optional<RunResult> result(const Experiment& experiment, const Method& method,
                                  std::uint64_t seed) const;
  /// How a run was trained, epoch by epoch; empty where only its results are known.
  std::vector<ic::EpochRecord> training(const Experiment& experiment, const Method& method,
                                        std::uint64_t seed) const;

 private:
  bool is_done(const Experiment& experiment, const StudyRun& run) const;
  StudyRun run_of(const Experiment& experiment, const Method& method, std::uint64_t seed) const;

  StudyPlace place_;
  Tasks tasks_;
};

/// The predictions of every method's super-networks that are there: a report without truth and
/// rules.
ic::Report predictions_of(const StudyRuns& runs, const Experiment& experiment,
                          const Evaluation& evaluation, const std::vector<Method>& methods);

/// The rules that need no training (`baselines`), on an evaluation's architectures.
std::vector<ic::Predictor> rules_of(const Experiment& experiment, const Evaluation& evaluation);

}  // namespace examples
