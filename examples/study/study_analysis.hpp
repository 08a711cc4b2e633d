#pragma once

// The numbers of a study: how well methods rank, and their differences from the first one.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "examples/study/study_file.hpp"
#include "examples/study/study_runs.hpp"
#include "examples/study/study_scores.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/stats/paired_difference.hpp"
#include "interchoice/stats/verdict.hpp"

namespace examples {

/// What is measured of a ranking.
enum class StudyMetric { kTauB, kImprovement };
inline constexpr StudyMetric kStudyMetrics[] = {StudyMetric::kTauB, StudyMetric::kImprovement};
const char* to_text(StudyMetric metric);

/// A method in an experiment, or a score, by the seeds that are there.
struct MethodOutcome {
  std::string label;
  std::vector<std::uint64_t> seeds = {};
  std::vector<std::vector<double>> predictions = {};  ///< of each seed
  std::vector<double> tau_b = {};        ///< of each seed; 0 of equal predictions for all
  std::vector<double> improvement = {};  ///< of the ten best, in expectation over ties
  double seconds = 0;                    ///< of training, or of scoring all: the mean

  /// Adds a seed. Of equal predictions for all, which are no order, tau-b is that of one at random.
  void add(std::uint64_t seed, std::vector<double> values, const std::vector<double>& truth);

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
  std::vector<MethodOutcome> methods;              ///< those with a run
  std::vector<MethodOutcome> without_tables = {};  ///< the same runs, their tables reset
  std::vector<MethodOutcome> scores = {};          ///< training-free ones, and their vote
  /// Of each score that was computed, the vote's too: the mean rank over its seeds.
  std::vector<std::vector<double>> score_ranks = {};
  std::vector<ic::Predictor> rules;  ///< that need no training
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

/// The difference that a single test of so many pairs finds with the analysis' power, at the spread
/// that was seen; 0 where there is none.
double detectable(const ic::PairedDifference& difference, const StudyAnalysis& analysis);

/// What the runs say that are there.
///
/// *Throws* std::runtime_error for a table that lacks an architecture, and as `StudyRuns::result`.
std::vector<ExperimentOutcome> outcomes_of(const StudyFile& study,
                                           const std::vector<Experiment>& experiments,
                                           const StudyRuns& runs, const StudyScores& scores,
                                           const std::filesystem::path& truth);

/// All differences with at least two seeds. Those that were announced are tested together, once all
/// of them have all seeds: p values are adjusted by Holm's procedure, so that looking early tests
/// nothing. The rest is for looking at.
std::vector<StudyDifference> differences_of(const StudyFile& study,
                                            const std::vector<ExperimentOutcome>& outcomes);

}  // namespace examples
