#pragma once

#include <c10/util/Exception.h>

#include <filesystem>
#include <memory>
#include <string>

#include "interchoice/evaluation/evaluation_identity.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/evaluation/result_log.hpp"
#include "interchoice/nn/precision.hpp"

namespace interchoice {

/// The CSV file that `rank` writes results to as they come; what it has already is not evaluated
/// again: `RankingOptions{.results = ResultFile{"results.csv"}}`. See `ResultLog`, with the facts
/// of `evaluation_identity`, whether BatchNorm was folded, and the precision if it is not f32.
struct ResultFile {
  std::filesystem::path path;

  KnownResults operator()(const detail::Evaluation& evaluation) const {
    Identity identity = detail::evaluation_identity(evaluation.space(), evaluation.network,
                                                    evaluation.data, evaluation.recalibration);
    identity.set("batch_norm", evaluation.folds_batch_norm ? "folded" : "unfolded");
    // Only where it is not float's: files of versions that had no other have no such column.
    if (evaluation.precision != Precision::kFloat32) {
      identity.set("precision", to_text(evaluation.precision));
    }
    const auto log = std::make_shared<ResultLog>(
        path, identity, [&](const std::string& text) { return evaluation.own_text(text); });
    if (!log->has_digests()) {
      TORCH_WARN("interchoice: ", path.string(),
                 ": its rows have no digests, as in files of version 0.1; damage to them would not "
                 "be noticed");
    }
    return {{log->results().begin(), log->results().end()},
            [log](const std::string& architecture, double accuracy) {
              return log->add(architecture, accuracy);
            }};
  }
};

}  // namespace interchoice
