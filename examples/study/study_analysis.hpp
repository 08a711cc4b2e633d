#pragma once

// The numbers of a study: how well methods rank, and their differences from the first one.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "examples/study/study_file.hpp"
#include "examples/study/study_runs.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/stats/paired_difference.hpp"
#include "interchoice/stats/verdict.hpp"

namespace examples {

/// What is measured of a ranking.
enum class StudyMetric { kTauB, kImprovement };
inline constexpr StudyMetric kStudyMetrics[] = {StudyMetric::kTauB, StudyMetric::kImprovement};
const char* to_text(StudyMetric metric);

/// A method in an experiment, by the seeds that are there.
struct MethodOutcome {
  std::string label;
  std::vector<std::uint64_t> seeds = {};
  std::vector<std::vector<double>> predictions = {};  ///< of each seed
  std::vector<double> tau_b = {};        ///< of each seed; 0 of equal predictions for all
  std::vector<double> improvement = {};  ///< of the ten best, in expectation over ties
  double seconds = 0;                    ///< of training, the mean

  const std::vector<double>& values(StudyMetric metric) const {
    return metric == StudyMetric::kTauB ? tau_b : improvement;
  }
};

/// All methods of an experiment.
struct ExperimentOutcome {
  std::string name;
  std::string restriction;
  std::size_t epochs = 0;
  std::int64_t steps = 0;
  std::vector<std::string> architectures;
  std::vector<double> truth;
  std::vector<MethodOutcome> methods;  ///< those with a run
  std::vector<ic::Predictor> rules;    ///< that need no training
};

/// A method beside the first one, by the seeds that both have.
struct StudyDifference {
  const ExperimentOutcome* experiment = nullptr;
  std::string method;
  StudyMetric metric = StudyMetric::kTauB;
  ic::PairedDifference difference;
  /// Of a test that was announced: the longest training of each restriction, all seeds there.
  std::optional<double> adjusted_p = {};
  std::optional<ic::Verdict> verdict = {};
  double detectable = 0;  ///< at the study's power and the spread that was seen
};

/// What the runs say that are there.
///
/// *Throws* std::runtime_error for a table that lacks an architecture, and as `StudyRuns::result`.
std::vector<ExperimentOutcome> outcomes_of(const StudyFile& study,
                                           const std::vector<Experiment>& experiments,
                                           const StudyRuns& runs,
                                           const std::filesystem::path& truth);

/// All differences with at least two seeds. Those that were announced are tested together, once all
/// of them have all seeds: p values are adjusted by Holm's procedure, so that looking early tests
/// nothing. The rest is for looking at.
std::vector<StudyDifference> differences_of(const StudyFile& study,
                                            const std::vector<ExperimentOutcome>& outcomes);

}  // namespace examples
