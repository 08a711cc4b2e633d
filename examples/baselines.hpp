#pragma once

// The predictors of a report: super-networks that are ranked, and the baselines beside them.

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "examples/interruption.hpp"
#include "examples/job_progress.hpp"
#include "examples/networks/network_kind.hpp"
#include "examples/program_data.hpp"
#include "examples/training_csv.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/report/report.hpp"

namespace examples {

/// The points of a training for the report's figure.
inline std::vector<ic::TrainingPoint> training_points(const std::vector<ic::EpochRecord>& epochs) {
  std::vector<ic::TrainingPoint> points;
  for (const ic::EpochRecord& e : epochs) {
    points.push_back({static_cast<int>(e.epoch) + 1, e.loss, 100 * e.accuracy.value()});
  }
  return points;
}

inline std::string seconds_text(double seconds) { return fmt::format("{:.1f} s", seconds); }

/// The predictions of a trained super-network, as accuracies in %. `kept` is what an interruption
/// leaves.
inline ic::Predictor rank_with(AnySupernet& net, const std::string& label,
                               const ic::EvaluationData& data,
                               const std::vector<std::string>& architectures,
                               const ic::InterruptRequest& interrupt, const std::string& kept,
                               const ProgressReport& report, ic::RankingOptions options = {}) {
  options.sharing = ic::PrefixSharing{};
  options.stop = [&] { return interrupt.requested(); };
  Predictions predictions = net.rank(data, architectures, options, report);
  if (predictions.stopped) throw_interrupted(interrupt, kept);
  end_if_requested(interrupt, kept);
  for (double& accuracy : predictions.accuracies) accuracy *= 100;
  return {.label = label, .runs = {std::move(predictions.accuracies)}, .unit = "%"};
}

/// The baselines, rules that need no training: a super-network has to beat them to be of use.
///
/// `network` is a super-network, of which parameters are counted.
inline std::vector<ic::Predictor> baselines(const NetworkKind& kind, const AnySupernet& network,
                                            const std::vector<std::string>& architectures) {
  std::vector<double> convolutions;
  std::vector<double> parameters;
  for (const std::string& architecture : architectures) {
    const auto names = kind.candidates(architecture);
    convolutions.push_back(
        static_cast<double>(std::count(names.begin(), names.end(), "nor_conv_3x3")));
    parameters.push_back(static_cast<double>(network.path_parameters(architecture)));
  }
  std::vector<ic::Predictor> rules;
  const bool has_some =  // else the space has no candidate of that name, or the architectures none
      std::any_of(convolutions.begin(), convolutions.end(), [](double count) { return count > 0; });
  if (has_some) {
    rules.push_back({.label = "number of 3x3 convolutions",
                     .runs = {convolutions},
                     .baseline = true,
                     .unit = "number"});
  }
  rules.push_back(
      {.label = "parameters", .runs = {parameters}, .baseline = true, .unit = "number"});
  return rules;
}

}  // namespace examples
