#pragma once

// Predictors of a report that need no training: scores of architectures with fresh weights
// (docs/predictors.md).

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "examples/command_line.hpp"
#include "examples/interruption.hpp"
#include "examples/networks/network_kind.hpp"
#include "interchoice/core/detail/joined.hpp"
#include "interchoice/predictors/predictor_scores.hpp"
#include "interchoice/predictors/standard_scores.hpp"
#include "interchoice/report/report.hpp"

namespace examples {

/// The scores that a program computes: names, `vote`, or `none` alone.
struct ScoreOptions {
  std::vector<std::string> names = {"macs", "synflow", "nwot", "vote"};
  std::uint64_t seed = 0;  ///< of the fresh weights

  /// What `vote` asks.
  static const std::vector<std::string>& voices() {
    static const std::vector<std::string> kVoices{"parameters", "synflow", "nwot"};
    return kVoices;
  }

  /// Each once, in the order in which they are shown; `vote` is none.
  std::vector<ic::Score> scores() const {
    std::vector<std::string> all;
    const auto add = [&](const std::string& name) {
      if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
    };
    for (const std::string& name : names) {
      if (name == "none") continue;
      if (name != "vote") {
        add(name);
        continue;
      }
      for (const std::string& voice : voices()) add(voice);
    }
    std::vector<ic::Score> scores;
    for (const std::string& name : all) scores.push_back(ic::score_named(name));
    return scores;
  }
};

/// An option --predictors.
inline CLI::Option* add_predictors_option(CLI::App& app, ScoreOptions& options) {
  const auto check = [](const std::string& name) -> std::string {
    if (name == "none" || name == "vote") return {};
    try {
      ic::score_named(name);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return {};
  };
  return app
      .add_option("--predictors", options.names,
                  "training-free scores beside the rankings, with commas between: " +
                      ic::detail::joined(ic::score_names(), ", ") + ", count:OPERATION, vote (of " +
                      ic::detail::joined(ScoreOptions::voices(), ", ") + "), or none")
      ->delimiter(',')
      ->check(check)
      ->capture_default_str();
}

/// Scores of architectures, as the networks that `network` is made of, with fresh weights, on a
/// batch of training images. `kept` is what an interruption leaves.
inline ic::PredictorScores scores_of(const std::vector<ic::Score>& scores, std::uint64_t seed,
                                     const NetworkKind& kind, const AnySupernet& network,
                                     const ic::Batch& batch, at::Device device,
                                     const std::vector<std::string>& architectures,
                                     const ic::InterruptRequest& interrupt, const std::string& kept,
                                     const ProgressReport& report) {
  const auto made = [&](std::size_t i) {
    const auto subnet =
        std::make_shared<std::unique_ptr<AnySubnet>>(network.fresh(architectures[i]));
    (*subnet)->module().to(device);
    ic::OwnedNetwork owned(subnet, {batch});
    owned.scored.set_operations(kind.candidates(architectures[i]));
    return owned;
  };
  ic::PredictorScores found = ic::predictor_scores(
      architectures.size(), made, [&](std::size_t i) { return architectures[i]; }, scores,
      {.seed = seed, .stop = [&] { return interrupt.requested(); }}, report);
  if (found.stopped) throw_interrupted(interrupt, kept);
  return found;
}

/// What a program was asked for, of scores: a predictor for each name.
inline std::vector<ic::Predictor> predictors_of(const ScoreOptions& options,
                                                const ic::PredictorScores& found) {
  std::vector<ic::Predictor> predictors;
  for (const std::string& name : options.names) {
    if (name == "none") continue;
    ic::Predictor predictor{.label = name, .runs = {}, .baseline = true, .unit = "score"};
    if (name == "vote") {
      predictor.label = "vote of " + ic::detail::joined(ScoreOptions::voices(), ", ");
      predictor.runs = {found.vote(ScoreOptions::voices())};
    } else {
      predictor.runs = {ic::undefined_as_worst(found.of(name))};
      if (name == "parameters") predictor.label = "parameters of the network alone";
    }
    predictors.push_back(std::move(predictor));
  }
  return predictors;
}

/// The predictors that the options name, for a report of rankings.
inline std::vector<ic::Predictor> training_free(const ScoreOptions& options,
                                                const NetworkKind& kind, const AnySupernet& network,
                                                const ic::Batch& batch, at::Device device,
                                                const std::vector<std::string>& architectures,
                                                const ic::InterruptRequest& interrupt,
                                                const ProgressReport& report) {
  const std::vector<ic::Score> scores = options.scores();
  if (scores.empty()) return {};
  return predictors_of(options,
                       scores_of(scores, options.seed, kind, network, batch, device, architectures,
                                 interrupt, "the rankings are kept, the scores are not", report));
}

}  // namespace examples
