#pragma once

// The training-free scores of a study's architectures: what its super-networks have to add to.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "examples/study/experiment.hpp"
#include "examples/study/run_results.hpp"
#include "examples/study/study_runs.hpp"
#include "examples/training_free.hpp"

namespace examples {

/// Scores that were computed once, each with some seeds: of fresh networks of an experiment's kind
/// and sizes, on a batch of its training images. They are those of all lengths of training, and are
/// kept as runs are; processes that are started with the same folder share the work.
class StudyScores {
 public:
  /// `place.seeds` are those of the scores, 0, 1, ...: of the fresh weights, and the number of the
  /// batch.
  StudyScores(StudyPlace place, ScoreOptions options)
      : place_(std::move(place)), options_(std::move(options)) {}

  const StudyPlace& place() const { return place_; }
  const ScoreOptions& options() const { return options_; }

  /// Adds what an experiment needs, unless another one did.
  void add(const Experiment& experiment);

  /// Computes what is missing. *Throws* Interrupted, and Done behind the task of --only.
  void complete() { tasks_.complete(place_.tasks, "scores"); }

  /// All scores of a seed; none as long as one is missing.
  ///
  /// *Throws* std::runtime_error for scores of other settings.
  std::optional<ic::PredictorScores> found(const Experiment& experiment, std::uint64_t seed) const;

  /// Adds what is there to results.
  void keep(const Experiment& experiment, RunResults& results) const;

 private:
  std::optional<RunResult> result(const Experiment& experiment, const std::string& score,
                                  std::uint64_t seed) const;
  std::filesystem::path folder_of(const Experiment& experiment, const std::string& score,
                                  std::uint64_t seed) const;

  StudyPlace place_;
  ScoreOptions options_;
  std::set<std::string> added_;
  Tasks tasks_;
};

}  // namespace examples
