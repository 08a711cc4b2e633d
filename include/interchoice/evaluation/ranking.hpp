#pragma once

#include <c10/util/Exception.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <ranges>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/evaluation/accuracy.hpp"
#include "interchoice/evaluation/batch_norm_buffers.hpp"
#include "interchoice/evaluation/detail/evaluated_network.hpp"
#include "interchoice/evaluation/evaluation_data.hpp"
#include "interchoice/evaluation/evaluation_identity.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/recalibrate.hpp"
#include "interchoice/evaluation/result_log.hpp"
#include "interchoice/networks/canonical_form.hpp"
#include "interchoice/nn/fold_batch_norm.hpp"
#include "interchoice/training/progress.hpp"

namespace interchoice {

/// The accuracies that a super-network predicts for architectures.
template <SearchSpace Space>
struct Ranking {
  std::vector<Architecture<Space>> architectures;
  std::vector<double> predictions;  // accuracy in [0, 1], beside each architecture
  /// Whether `RankingOptions::stop` ended it before the last architecture.
  bool stopped = false;

  /// The architecture with the highest prediction, the first of equal ones.
  /// *Throws* c10::Error if there is none.
  const Architecture<Space>& best() const {
    TORCH_CHECK(!predictions.empty(), "interchoice: best of a ranking without architectures");
    const auto highest = std::max_element(predictions.begin(), predictions.end());
    return architectures[static_cast<std::size_t>(highest - predictions.begin())];
  }
};

/// How architectures are evaluated.
struct RankingOptions {
  /// How BatchNorm's statistics are made before each architecture.
  Recalibration recalibration = Recalibration::paper();
  /// Computes what architectures share once: the same results, to the bit, in an order in which
  /// similar ones stand together. A network without segments is evaluated one by one.
  std::optional<PrefixSharing> sharing = {};
  /// Evaluates architectures that compute the same once, where the network can tell (see
  /// `CanonicalForms`); each has its result all the same.
  bool merge_isomorphic = true;
  /// Runs evaluation passes with BatchNorm folded into the convolutions (see `FoldBatchNorm`):
  /// faster, with other rounding, so that an accuracy may differ where two logits nearly tie.
  /// Calibration passes are as ever.
  bool fold_batch_norm = false;
  /// A CSV file that results are written to as they come; what it has already is not evaluated
  /// again (see `ResultLog`). Empty for none.
  std::filesystem::path results = {};
  /// Asked after every architecture that was evaluated; true ends the evaluation cleanly.
  std::function<bool()> stop = {};
};

/// A range whose elements are architectures of one space: a vector, `every_architecture`, a view.
template <class Range>
concept ArchitectureRange = std::ranges::input_range<Range> &&
    std::same_as<std::ranges::range_value_t<Range>,
                 Architecture<typename std::ranges::range_value_t<Range>::space_type>>;

namespace detail {

template <SearchSpace Space>
using CanonicalFormOf = std::function<CanonicalForm(const Architecture<Space>&)>;

/// The canonical form by which a network's architectures are merged; without, all candidates.
template <SearchSpace Space, class Network>
CanonicalFormOf<Space> canonical_form_of(Network& network, bool merges) {
  if constexpr (CanonicalNetwork<ModuleOf<Network>>) {
    if (merges) return network->canonical_forms();
  }
  return [](const Architecture<Space>& architecture) {
    const auto candidates = architecture.candidates();
    return CanonicalForm(candidates.begin(), candidates.end());
  };
}

/// A ranking in the making: the architectures that are asked for, the accuracies that are known of
/// them, in memory and in the file if there is one, and those that are missing.
template <SearchSpace Space>
class RankingTask {
 public:
  RankingTask(std::vector<Architecture<Space>> asked, const CanonicalFormOf<Space>& form_of,
              ResultLog<Space>* log)
      : asked_(std::move(asked)), log_(log) {
    std::map<CanonicalForm, double> logged;
    if (log_ != nullptr) {
      for (const auto& [architecture, accuracy] : log_->results()) {
        logged[form_of(architecture)] = accuracy;
      }
    }
    std::map<CanonicalForm, std::size_t> places;
    for (const Architecture<Space>& architecture : asked_) {
      const CanonicalForm form = form_of(architecture);
      if (const auto same = logged.find(form); same != logged.end()) {
        take(architecture, same->second);
        continue;
      }
      const auto [place, is_new] = places.try_emplace(form, missing_.size());
      if (is_new) {
        missing_.push_back(architecture);
        isomorphic_.emplace_back();
      }
      isomorphic_[place->second].push_back(architecture);
    }
  }

  /// One architecture of each canonical form without a known accuracy.
  const std::vector<Architecture<Space>>& missing() const { return missing_; }

  /// Takes the accuracy of a missing one, which is that of all that are isomorphic to it.
  void take(std::size_t position, double accuracy) {
    for (const Architecture<Space>& one : isomorphic_[position]) take(one, accuracy);
  }

  std::size_t done() const { return done_; }  ///< of `size()`
  std::size_t size() const { return asked_.size(); }

  Ranking<Space> collect() const {
    Ranking<Space> ranking;
    for (const Architecture<Space>& architecture : asked_) {
      const auto found = known_.find(architecture);
      if (found == known_.end()) continue;
      ranking.architectures.push_back(architecture);
      ranking.predictions.push_back(found->second);
    }
    ranking.stopped = done_ < asked_.size();
    return ranking;
  }

 private:
  void take(const Architecture<Space>& architecture, double accuracy) {
    known_[architecture] = log_ != nullptr ? log_->add(architecture, accuracy) : accuracy;
    ++done_;
  }

  std::vector<Architecture<Space>> asked_;
  ResultLog<Space>* log_;
  std::vector<Architecture<Space>> missing_;
  std::vector<std::vector<Architecture<Space>>> isomorphic_;  // to each of the missing ones
  std::unordered_map<Architecture<Space>, double> known_;
  std::size_t done_ = 0;
};

/// Evaluates architectures one by one: `result(position, accuracy)`, until it says false.
template <SearchSpace Space>
void evaluate_one_by_one(const EvaluatedNetwork<Space>& network, const EvaluationData& data,
                         const std::vector<Architecture<Space>>& architectures,
                         const Recalibration& recalibration, BatchNormBuffers& buffers,
                         const std::function<bool(std::size_t, double)>& result) {
  NormCalibration calibration(network.module, recalibration);
  for (std::size_t i = 0; i < architectures.size(); ++i) {
    const auto forward = [&](const at::Tensor& x) { return network.forward(x, architectures[i]); };
    calibration.run(data.calibration, forward);
    const double found =
        accuracy_of(forward, data.validation, calibration.device(), to_text(architectures[i]));
    buffers.restore_moved();
    if (!result(i, found)) return;
  }
}

/// `rank` of a network of any type, which `buffers` guard.
template <SearchSpace Space>
Ranking<Space> rank(const EvaluatedNetwork<Space>& network, BatchNormBuffers& buffers,
                    const CanonicalFormOf<Space>& form_of, const EvaluationData& data,
                    std::vector<Architecture<Space>> asked, const RankingOptions& options,
                    const std::function<void(const Progress&)>& report) {
  std::optional<ResultLog<Space>> log;
  if (!options.results.empty()) {
    Identity identity = evaluation_identity<Space>(network.module, data, options.recalibration);
    if (options.fold_batch_norm) identity.set("batch_norm", "folded");
    log.emplace(options.results, identity);
  }
  RankingTask<Space> task(std::move(asked), form_of, log ? &*log : nullptr);
  const auto result = [&](std::size_t position, double accuracy) {
    task.take(position, accuracy);
    report(Progress{task.done(), task.size(), "architecture " + to_text(task.missing()[position]),
                    task.done() % 16 == 0});
    return !(options.stop && options.stop());
  };
  std::optional<FoldBatchNorm> folding;
  if (options.fold_batch_norm) folding.emplace();
  if (options.sharing && !network.segments.empty()) {
    SharedEvaluation<Space>(network, data, task.missing(), options.recalibration, *options.sharing)
        .run(result);
  } else {
    evaluate_one_by_one(network, data, task.missing(), options.recalibration, buffers, result);
  }
  return task.collect();
}

}  // namespace detail

/// Predicts the accuracy of each architecture: recalibrate BatchNorm, measure, put the buffers
/// back. Architectures that stand there twice, or compute the same, are evaluated once.
///
///     const auto ranking = rank(net, {.calibration = train, .validation = valid},
///                               every_architecture(all<Space>));
///
/// Nothing that an evaluation does remains, so the result does not depend on the order (unless a
/// network draws random numbers in training mode, as dropout before a BatchNorm does).
///
/// The ranking has the architectures in their order here, those that were evaluated if `stop` ended
/// it. Progress is told in the order of evaluation.
///
/// *Throws* c10::Error that names the architecture if its logits are not finite; what a shared
/// evaluation and `ResultLog` throw. *Source*: paper Appendix B.
template <class Network, ArchitectureRange Architectures, class Report = NoProgress>
auto rank(Network& network, const EvaluationData& data, Architectures&& architectures,
          const RankingOptions& options = {}, Report&& report = {}) {
  using Space = typename std::ranges::range_value_t<Architectures>::space_type;
  TORCH_CHECK(!options.fold_batch_norm ||
                  options.recalibration.method != Recalibration::Method::kBatchStatistics,
              "interchoice: rank: fold_batch_norm needs running statistics, and ",
              to_text(options.recalibration), " uses none; leave one of the two out");
  std::vector<Architecture<Space>> asked;
  for (auto&& architecture : architectures) asked.push_back(architecture);
  BatchNormBuffers buffers(*network);
  network->eval();
  return detail::rank<Space>(detail::evaluated<Space>(network), buffers,
                             detail::canonical_form_of<Space>(network, options.merge_isomorphic),
                             data, std::move(asked), options,
                             [&report](const Progress& progress) { report(progress); });
}

}  // namespace interchoice
