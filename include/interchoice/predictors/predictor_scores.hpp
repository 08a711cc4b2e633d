#pragma once

#include <ATen/core/Generator.h>
#include <c10/util/Exception.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/nn/detail/generators.hpp"
#include "interchoice/nn/detail/kept_state.hpp"
#include "interchoice/predictors/score.hpp"
#include "interchoice/predictors/scored_network.hpp"
#include "interchoice/stats/ensemble.hpp"
#include "interchoice/stats/undefined_as_worst.hpp"
#include "interchoice/training/progress.hpp"

namespace interchoice {

/// One score of all architectures that were scored, in their order.
struct ScoreColumn {
  std::string name;
  std::vector<double> values;  ///< as the score gave them; may be infinite or not a number
  double seconds = 0;          ///< spent on it; what scores share, on the first one
};

/// The scores of architectures, a column each.
struct PredictorScores {
  std::vector<ScoreColumn> columns;
  /// Whether `PredictorOptions::stop` ended it: columns have the first architectures only.
  bool stopped = false;

  /// The values of a score. *Throws* c10::Error if there is none of that name.
  const std::vector<double>& of(const std::string& name) const {
    for (const ScoreColumn& column : columns) {
      if (column.name == name) return column.values;
    }
    TORCH_CHECK(false, "interchoice: PredictorScores have no column ", name);
  }

  /// The vote of several scores: the mean of their ranks, undefined values worst.
  std::vector<double> vote(const std::vector<std::string>& names) const {
    std::vector<std::vector<double>> voices;
    for (const std::string& name : names) voices.push_back(undefined_as_worst(of(name)));
    return mean_of_ranks(voices);
  }
};

/// What scores see, beside the networks.
struct PredictorOptions {
  /// What training would minimise: snip, plain, grad_norm, fisher, grasp.
  Loss loss = CrossEntropy{};
  /// Of the initial weights. Every architecture starts from it, so that its scores do not depend on
  /// the others.
  std::uint64_t seed = 0;
  /// Asked after every architecture; true ends it cleanly.
  std::function<bool()> stop = {};
};

namespace detail {

/// libtorch's generator of initial weights, begun with a seed; it goes on where it was afterwards.
class SeededWeights {
 public:
  explicit SeededWeights(std::uint64_t seed) : kept_({}, at::Device(at::kCPU)) {
    for (auto [name, generator] : generators(at::Device(at::kCPU))) {
      const std::lock_guard lock(generator.mutex());
      generator.set_current_seed(seed);
    }
  }

 private:
  KeptState kept_;
};

}  // namespace detail

/// A network to be scored, with what owns it.
struct OwnedNetwork {
  /// Of any type that a `ScoredNetwork` takes.
  template <class Network>
  OwnedNetwork(std::shared_ptr<Network> network, const std::vector<Batch>& batches,
               Loss loss = CrossEntropy{})
      : owner(network), scored(*network, batches, std::move(loss)) {}

  std::shared_ptr<void> owner;
  ScoredNetwork scored;
};

/// The scores of networks by number: `make(i)` makes one with fresh weights, `text(i)` names it in
/// progress. For networks of which no type is known; see below.
inline PredictorScores predictor_scores(std::size_t count,
                                        const std::function<OwnedNetwork(std::size_t)>& make,
                                        const std::function<std::string(std::size_t)>& text,
                                        const std::vector<Score>& scores,
                                        const PredictorOptions& options,
                                        const std::function<void(const Progress&)>& report) {
  using Clock = std::chrono::steady_clock;
  PredictorScores result;
  for (const Score& score : scores) result.columns.push_back({.name = score.name(), .values = {}});
  for (std::size_t i = 0; i < count && !result.stopped; ++i) {
    std::optional<OwnedNetwork> network;
    {
      const detail::SeededWeights weights(options.seed);
      network.emplace(make(i));
    }
    for (std::size_t k = 0; k < scores.size(); ++k) {
      const auto begin = Clock::now();
      result.columns[k].values.push_back(scores[k](network->scored));
      result.columns[k].seconds += std::chrono::duration<double>(Clock::now() - begin).count();
    }
    report({.done = i + 1,
            .total = count,
            .state = "architecture " + text(i),
            .is_milestone = (i + 1) % 16 == 0});
    result.stopped = i + 1 < count && options.stop && options.stop();
  }
  return result;
}

/// The scores of architectures as networks with fresh weights.
///
///     const auto scores = ic::predictor_scores(
///         [&](const auto& architecture) { return ic::Subnet<Net>(architecture, options); },
///         architectures, {ic::Parameters{}, ic::Synflow{}, ic::Nwot{}}, {data.evaluation(0)});
///
/// `make(architecture)` returns a module holder with `forward(x)`; libtorch's generator for the CPU
/// begins with the seed whenever it is called, and goes on where it was afterwards. *Cost*: one
/// network in memory at a time.
template <class Make, std::ranges::input_range Architectures, class Report = NoProgress>
PredictorScores predictor_scores(const Make& make, Architectures&& architectures,
                                 const std::vector<Score>& scores,
                                 const std::vector<Batch>& batches,
                                 const PredictorOptions& options = {}, Report&& report = {}) {
  using Path = std::ranges::range_value_t<Architectures>;
  using Space = typename Path::space_type;
  std::vector<Path> paths;
  for (auto&& architecture : architectures) paths.push_back(architecture);
  const auto made = [&](std::size_t i) {
    using Holder = decltype(make(paths[i]));
    OwnedNetwork network(std::make_shared<Holder>(make(paths[i])), batches, options.loss);
    std::vector<std::string> operations;
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      operations.emplace_back(Space::candidate_name(choice, paths[i][choice]));
    }
    network.scored.set_operations(std::move(operations));
    return network;
  };
  return predictor_scores(
      paths.size(), made, [&](std::size_t i) { return to_text(paths[i]); }, scores, options,
      [&](const Progress& progress) { report(progress); });
}

}  // namespace interchoice
