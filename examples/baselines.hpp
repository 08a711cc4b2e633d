#pragma once

// The predictors of a report: super-networks that are ranked, and the baselines beside them.

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "examples/experiment.hpp"
#include "examples/interruption.hpp"
#include "examples/training_csv.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/networks/parameter_report.hpp"
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

inline std::vector<double> percent(const std::vector<double>& fractions) {
  std::vector<double> values;
  for (const double fraction : fractions) values.push_back(100 * fraction);
  return values;
}

inline std::string seconds_text(double seconds) { return fmt::format("{:.1f} s", seconds); }

/// The predictions of a trained super-network, as accuracies in %. `kept` is what an interruption
/// leaves.
template <class Policy>
ic::Predictor rank_with(Supernet<Policy>& net, const std::string& label, const ExperimentData& data,
                        std::int64_t batch,
                        const std::vector<ic::Architecture<Space>>& architectures,
                        const ic::InterruptRequest& interrupt, const std::string& kept,
                        ic::RankingOptions options = {}) {
  options.sharing = ic::PrefixSharing{};
  options.stop = [&] { return interrupt.requested(); };
  const auto ranking = ic::rank(
      net,
      {.calibration = data.training_batches(batch, ic::Seed{0}),
       .validation = ExperimentData::plain_batches(data.validation, data.normalisation, 256)},
      architectures, options, ic::TerminalProgress("ranking with " + label));
  if (ranking.stopped) throw_interrupted(interrupt, kept);
  end_if_requested(interrupt, kept);
  return {.label = label, .runs = {percent(ranking.predictions)}, .unit = "%"};
}

/// The baselines, rules that need no training: a super-network has to beat them to be of use.
///
/// `network` is a super-network, of which parameters are counted.
inline std::vector<ic::Predictor> baselines(
    const torch::nn::Module& network, const std::vector<ic::Architecture<Space>>& architectures) {
  std::vector<double> convolutions;
  std::vector<double> parameters;
  for (const auto& architecture : architectures) {
    const auto ops = architecture.candidates();
    convolutions.push_back(static_cast<double>(std::count(ops.begin(), ops.end(), 3)));
    parameters.push_back(static_cast<double>(ic::path_parameters(network, architecture)));
  }
  return {{.label = "number of 3x3 convolutions",
           .runs = {convolutions},
           .baseline = true,
           .unit = "number"},
          {.label = "parameters", .runs = {parameters}, .baseline = true, .unit = "number"}};
}

inline std::vector<std::string> texts(const std::vector<ic::Architecture<Space>>& architectures) {
  std::vector<std::string> all;
  for (const auto& architecture : architectures) all.push_back(ic::to_text(architecture));
  return all;
}

}  // namespace examples
