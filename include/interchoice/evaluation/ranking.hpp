#pragma once

#include <c10/util/Exception.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <ranges>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/distributed/group.hpp"
#include "interchoice/evaluation/accuracy.hpp"
#include "interchoice/evaluation/batch_norm_buffers.hpp"
#include "interchoice/evaluation/detail/evaluation.hpp"
#include "interchoice/evaluation/detail/norm_calibration.hpp"
#include "interchoice/evaluation/detail/shared_ranking.hpp"
#include "interchoice/evaluation/evaluation_data.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/networks/canonical_form.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/nn/fold_batch_norm.hpp"
#include "interchoice/nn/precision.hpp"
#include "interchoice/training/progress.hpp"

namespace interchoice {

/// The accuracies that a super-network predicts for architectures.
template <SearchSpace Space>
struct Ranking {
  std::vector<Architecture<Space>> architectures;
  std::vector<double> predictions;  ///< accuracy in [0, 1], beside each architecture
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

/// Accuracies that an earlier evaluation found, by the architectures' texts, and what takes a new
/// one: `add(text, accuracy)` returns the accuracy that counts.
struct KnownResults {
  std::vector<std::pair<std::string, double>> accuracies = {};
  std::function<double(const std::string&, double)> add = {};
};

/// How architectures are evaluated.
struct RankingOptions {
  /// How BatchNorm's statistics are made before each architecture.
  Recalibration recalibration = Recalibration::paper();
  /// `PrefixSharing` computes what architectures share once: the same results, to the bit, in an
  /// order in which similar ones stand together. A network without segments is evaluated one by
  /// one, as all are without it.
  std::function<void(const detail::Evaluation&, const std::vector<std::size_t>& indices,
                     const std::function<bool(std::size_t, double)>& result)>
      sharing = {};
  /// Evaluates architectures that compute the same once, and of each only what its logits depend
  /// on, where the network can tell (see `CanonicalForms`); each has its result all the same.
  bool merge_isomorphic = true;
  /// Runs evaluation passes with BatchNorm folded into the convolutions (see `FoldBatchNorm`):
  /// faster, with other rounding, so that an accuracy may differ where two logits nearly tie.
  /// Calibration passes are unchanged.
  bool fold_batch_norm = false;
  /// What calibration and evaluation passes compute in: with bfloat16 the statistics are made of
  /// bfloat16 activations, and logits that nearly tie may be ordered otherwise.
  Precision precision = Precision::kFloat32;
  /// A `ResultFile` has the results as they come, and is gone on from; rank 0 alone opens it.
  std::function<KnownResults(const detail::Evaluation&)> results = {};
  /// Asked after every architecture that this process evaluated, and while it waits for others;
  /// true ends the evaluation cleanly, on all ranks.
  std::function<bool()> stop = {};
  /// Who evaluates the architectures together, each rank with an equal network.
  Group group = {};
};

/// A range whose elements are architectures of one space: a vector, `every_architecture`, a view.
template <class Range>
concept ArchitectureRange = std::ranges::input_range<Range> &&
    std::same_as<std::ranges::range_value_t<Range>,
                 Architecture<typename std::ranges::range_value_t<Range>::space_type>>;

namespace detail {

/// Evaluates architectures one by one: `result(position, accuracy)`, until it says false.
inline void evaluate_one_by_one(const Evaluation& evaluation,
                                const std::vector<std::size_t>& indices, BatchNormBuffers& buffers,
                                const std::function<bool(std::size_t, double)>& result) {
  NormCalibration calibration(evaluation.network, evaluation.recalibration);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const auto forward = [&](const at::Tensor& x) { return evaluation.forward(x, indices[i]); };
    calibration.run(evaluation.data.calibration, forward);
    const double found = accuracy_of(forward, evaluation.data.validation, calibration.device(),
                                     evaluation.text(indices[i]));
    buffers.restore_moved();
    if (!result(i, found)) return;
  }
}

/// The accuracy of each architecture; none of those that `stop` left out.
template <class Report>
std::vector<std::optional<double>> rank(const Evaluation& evaluation, const RankingOptions& options,
                                        Report& report) {
  struct Class {  // architectures of one canonical form
    std::optional<double> accuracy;
    std::vector<std::size_t> members;  // that wait for it
  };
  BatchNormBuffers buffers(evaluation.network);
  evaluation.network.eval();
  KnownResults known;
  std::vector<std::optional<double>> accuracies(evaluation.size());
  std::size_t done = 0;
  std::size_t before = 0;
  const auto take = [&](std::size_t i, double accuracy) {
    accuracies[i] = known.add ? known.add(evaluation.text(i), accuracy) : accuracy;
    ++done;
  };
  std::unordered_map<std::string, Class> classes;  // by the bytes of their form
  std::vector<std::size_t> missing;   // the first one of each class without an accuracy
  std::vector<const Class*> waiting;  // its class
  const auto deliver = [&](std::size_t position, double accuracy) {
    for (const std::size_t i : waiting[position]->members) take(i, accuracy);
    report(Progress{.done = done,
                    .total = evaluation.size(),
                    .state = "architecture " + evaluation.text(missing[position]),
                    .is_milestone = done % 16 == 0,
                    .before = before});
  };
  SharedRanking shared(options.group, options.stop, deliver);
  return shared.on_all([&] {
    if (options.results && options.group.is_first()) known = options.results(evaluation);
    for (const auto& [text, accuracy] : known.accuracies) {
      classes[evaluation.form_of(text)].accuracy = accuracy;
    }
    for (std::size_t i = 0; i < evaluation.size(); ++i) {
      Class& same = classes[evaluation.form(i)];
      if (same.accuracy) {
        take(i, *same.accuracy);
        continue;
      }
      if (same.members.empty()) {
        missing.push_back(i);
        waiting.push_back(&same);
      }
      same.members.push_back(i);
    }
    before = done;
    // The others do not know what is known.
    if (options.results) missing = shared.of_first(missing, evaluation.size());
    // One for all: the weights do not change, and are converted once.
    const PrecisionScope scope(options.precision, device_of(evaluation.network));
    std::optional<FoldBatchNorm> folding;
    if (options.fold_batch_norm) folding.emplace();
    const bool shares = options.sharing && !evaluation.segments.empty();
    shared.run(evaluation, missing, shares, [&](const auto& indices, const auto& result) {
      if (shares) {
        options.sharing(evaluation, indices, result);
        buffers.restore_moved();  // it leaves what the last architecture shared
      } else {
        evaluate_one_by_one(evaluation, indices, buffers, result);
      }
    });
    return shared.of_first(accuracies);
  });
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
/// The ranks of a group call it with equal arguments and get one ranking, with the bits of a
/// process alone: each evaluates what it takes from a queue (see `WorkQueue`), and rank 0 alone
/// writes results and tells progress, of all of them. What a rank that dies had in work is
/// evaluated by others, unless that is rank 0.
///
/// *Throws* c10::Error that names the architecture if its logits are not finite; what a shared
/// evaluation and `ResultLog` throw; `GroupError` where another rank has thrown, or rank 0 is gone.
/// *Source*: paper Appendix B.
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
  detail::EvaluationOf<Space, Network> evaluation(network, asked, data, options.recalibration,
                                                  options.merge_isomorphic);
  evaluation.folds_batch_norm = options.fold_batch_norm;
  evaluation.precision = options.precision;
  const auto accuracies = detail::rank(evaluation, options, report);
  Ranking<Space> ranking;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!accuracies[i]) continue;
    ranking.architectures.push_back(asked[i]);
    ranking.predictions.push_back(*accuracies[i]);
  }
  ranking.stopped = ranking.predictions.size() < asked.size();
  return ranking;
}

}  // namespace interchoice
