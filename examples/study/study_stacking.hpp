#pragma once

// What super-networks and training-free scores say together: what either adds to the other.

#include <optional>
#include <string>
#include <vector>

#include "examples/result_page.hpp"
#include "examples/study/study_analysis.hpp"
#include "interchoice/stats/claim_family.hpp"
#include "interchoice/stats/paired_difference.hpp"

namespace examples {

/// What one part of a stack adds to the other, paired by the seed of the super-network.
struct StackedGain {
  ic::PairedDifference difference;
  /// Of a test that the study's file announces.
  std::optional<ic::ClaimOutcome> tested = {};
};

/// A method's super-networks beside the training-free scores of an experiment.
struct StackedOutcome {
  const ExperimentOutcome* experiment = nullptr;
  std::string method;
  bool is_announced = false;
  double scores = 0;                              ///< `ic::stacked_agreement` of the scores
  std::vector<double> alone = {};                 ///< of the super-network, for each seed
  std::vector<double> together = {};              ///< of both
  std::optional<StackedGain> of_network = {};     ///< together - scores; from two seeds on
  std::optional<StackedGain> of_scores = {};      ///< together - alone
  std::vector<double> spearman = {};              ///< with the truth, for each seed
  std::vector<std::vector<double>> partial = {};  ///< the same, given each score
};

/// Every method, and every one without tables, of the experiments that have scores. If the file
/// announces it (`StudyAnalysis::stacked`), both gains of every method after the longest training
/// are tested, by Holm's procedure over all of them, once all of them have all seeds.
std::vector<StackedOutcome> stacked_outcomes(const StudyFile& study,
                                             const std::vector<ExperimentOutcome>& outcomes);

/// What was announced, in sentences.
std::vector<std::string> stacking_conclusion(const std::vector<StackedOutcome>& stacked);

/// The section of the page; nothing where nothing was stacked.
void write_stacking(ResultPage& page, const StudyFile& study,
                    const std::vector<StackedOutcome>& stacked);

}  // namespace examples
