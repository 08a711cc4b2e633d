#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/evaluation/accuracy.hpp"
#include "interchoice/evaluation/batch_norm_buffers.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/evaluation/result_log.hpp"
#include "interchoice/evaluation/result_origin.hpp"
#include "interchoice/networks/canonical_form.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/fold_batch_norm.hpp"
#include "interchoice/training/progress.hpp"

namespace interchoice {

/// What a super-network predicts for a set of architectures.
template <SearchSpace Space>
struct Ranking {
  std::vector<Architecture<Space>> architectures;
  std::vector<double> predictions;  // accuracy in [0, 1], beside each architecture
  /// Whether `RankingOptions::stop` ended it before the last architecture.
  bool stopped = false;
};

/// How architectures are evaluated.
struct RankingOptions {
  /// Forward passes of the paper's recalibration before each architecture; 0 for none.
  std::int64_t calibration_batches = 20;
  /// Another recalibration; `calibration_batches` does not count then.
  std::optional<Recalibration> recalibration = {};
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

namespace detail {

/// Calls `result(position, accuracy)` for each architecture, evaluated one by one in order; a
/// result of false ends it.
template <class Network, SearchSpace Space, class Calibration, class Validation, class Result>
void evaluate_one_by_one(Network& network, const Calibration& calibration,
                         const Validation& validation,
                         const std::vector<Architecture<Space>>& architectures,
                         const Recalibration& recalibration, BatchNormBuffers& buffers,
                         const Result& result) {
  check(recalibration);
  RecalibratedNetwork parts(*network);
  for (std::size_t i = 0; i < architectures.size(); ++i) {
    recalibrate(network, parts, architectures[i], calibration, recalibration);
    const double share = accuracy(network, architectures[i], validation, parts.device);
    buffers.restore_moved();
    if (!result(i, share)) return;
  }
}

/// Architectures that compute the same, each group to be evaluated once.
template <SearchSpace Space>
struct EqualArchitectures {
  std::vector<Architecture<Space>> first = {};                 // of each group
  std::vector<std::vector<Architecture<Space>>> members = {};  // the first one included
};

/// A network behind a holder that says which architectures compute the same.
template <class Network>
concept HoldsCanonicalForms =
    CanonicalNetwork<std::remove_reference_t<decltype(*std::declval<Network&>())>>;

/// The key by which architectures are grouped: the network's, or all candidates.
template <SearchSpace Space, class Network>
std::function<CanonicalForm(const Architecture<Space>&)> canonical_form_of(Network& network,
                                                                           bool merges) {
  if constexpr (HoldsCanonicalForms<Network>) {
    if (merges) return network->canonical_forms();
  }
  return [](const Architecture<Space>& architecture) {
    const auto candidates = architecture.candidates();
    return CanonicalForm(candidates.begin(), candidates.end());
  };
}

}  // namespace detail

/// Predicts the accuracy of each architecture: recalibrate BatchNorm, measure, put the buffers
/// back. What stands there twice, or computes the same as another one, is evaluated once.
///
/// `calibration` are training images, `validation` those that accuracy is measured on. Nothing that
/// an evaluation does remains, so the result does not depend on the order (unless a network draws
/// random numbers in training mode, as dropout before a BatchNorm does).
///
/// The ranking has the architectures in their order here, those that were evaluated if `stop` ended
/// it. Progress is told in the order of evaluation.
///
/// *Throws* c10::Error for a network that is split with `last_used` copies: whatever is evaluated
/// exchanges those; and what `SharedEvaluation` and `ResultLog` throw. *Source*: paper Appendix B.
template <class Network, SearchSpace Space, BatchSource Calibration, BatchSource Validation,
          class Report = NoProgress>
Ranking<Space> rank(Network& network, const Calibration& calibration, const Validation& validation,
                    const std::vector<Architecture<Space>>& architectures,
                    const RankingOptions& options = {}, Report&& report = {}) {
  detail::for_each_choice_block(*network, [](const std::string& name, const AnyChoiceBlock& block) {
    TORCH_CHECK(!block.is_split() || block.is_saveable(), "interchoice: rank: block '", name,
                "' has the policy ", block.policy(),
                ", whose copies an evaluation changes; use split<Epoch>");
  });
  const Recalibration recalibration = options.recalibration.value_or(
      options.calibration_batches > 0 ? Recalibration::paper(options.calibration_batches)
                                      : Recalibration::none());
  TORCH_CHECK(!options.fold_batch_norm || !recalibration.uses_batch_statistics(),
              "interchoice: rank: fold_batch_norm needs running statistics, and ",
              to_text(recalibration), " uses none; leave one of the two out");
  std::optional<ResultLog<Space>> log;
  if (!options.results.empty()) {
    ResultOrigin origin = result_origin<Space>(*network, calibration, validation, recalibration);
    if (options.fold_batch_norm) origin.emplace_back("batch_norm", "folded");
    log.emplace(options.results, std::move(origin));
  }
  std::optional<FoldBatchNorm> folding;
  if (options.fold_batch_norm) folding.emplace();
  BatchNormBuffers buffers(*network);
  network->eval();

  const auto key = detail::canonical_form_of<Space>(network, options.merge_isomorphic);
  std::map<CanonicalForm, double> logged;
  if (log) {
    for (const auto& [architecture, share] : log->results()) logged[key(architecture)] = share;
  }
  std::unordered_map<Architecture<Space>, double> known;  // of the asked ones
  std::unordered_map<Architecture<Space>, std::size_t> wanted;
  std::map<CanonicalForm, std::size_t> groups;
  detail::EqualArchitectures<Space> missing;
  std::size_t done = 0;
  for (const Architecture<Space>& architecture : architectures) {
    if (known.contains(architecture)) {
      ++done;
      continue;
    }
    if (wanted[architecture]++ > 0) continue;
    const CanonicalForm own = key(architecture);
    const auto same = logged.find(own);
    if (same != logged.end()) {
      log->add(architecture, same->second);  // unless it is there itself
      known[architecture] = log->results().at(architecture);
      ++done;
      continue;
    }
    const auto [group, is_new] = groups.try_emplace(own, missing.first.size());
    if (is_new) {
      missing.first.push_back(architecture);
      missing.members.emplace_back();
    }
    missing.members[group->second].push_back(architecture);
  }
  bool stopped = false;
  const auto take = [&](std::size_t position, double share) {
    for (const Architecture<Space>& architecture : missing.members[position]) {
      known[architecture] = share;
      if (log) log->add(architecture, share);
      done += wanted[architecture];
    }
    report(Progress{done, architectures.size(), "architecture " + to_text(missing.first[position]),
                    done % 16 == 0});
    stopped = options.stop && options.stop() && done < architectures.size();
    return !stopped;
  };
  const auto one_by_one = [&] {
    detail::evaluate_one_by_one(network, calibration, validation, missing.first, recalibration,
                                buffers, take);
  };
  if constexpr (detail::HoldsSegments<Network>) {
    if (options.sharing) {
      SharedEvaluation(network, calibration, validation, missing.first, recalibration,
                       plan_sharing(network, calibration, validation, missing.first, recalibration,
                                    *options.sharing),
                       *options.sharing)
          .run(take);
    } else {
      one_by_one();
    }
  } else {
    one_by_one();
  }
  Ranking<Space> ranking;
  ranking.stopped = stopped;
  for (const Architecture<Space>& architecture : architectures) {
    const auto found = known.find(architecture);
    if (found == known.end()) continue;
    ranking.architectures.push_back(architecture);
    ranking.predictions.push_back(found->second);
  }
  return ranking;
}

}  // namespace interchoice
