#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/evaluation/accuracy.hpp"
#include "interchoice/evaluation/batch_norm_buffers.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/nn/begin_epoch.hpp"
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
  /// Forward passes that recalibrate BatchNorm before each architecture; 0 for none.
  std::int64_t calibration_batches = 20;
  /// Asked after every architecture; true ends the evaluation cleanly.
  std::function<bool()> stop = {};
};

/// Predicts the accuracy of each architecture: recalibrate BatchNorm, measure, put the buffers
/// back.
///
/// `calibration` are training images, `validation` those that accuracy is measured on. Nothing that
/// an evaluation does remains, so the result does not depend on the order.
///
/// *Throws* c10::Error for a network that is split with `last_used` copies: whatever is evaluated
/// exchanges those. *Source*: paper Appendix B.
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
  BatchNormBuffers buffers(*network);
  network->eval();
  Ranking<Space> ranking;
  for (const Architecture<Space>& architecture : architectures) {
    if (options.calibration_batches > 0) {
      recalibrate(network, architecture, calibration, options.calibration_batches);
    }
    ranking.architectures.push_back(architecture);
    ranking.predictions.push_back(accuracy(network, architecture, validation));
    buffers.restore();
    const std::size_t done = ranking.predictions.size();
    report(Progress{done, architectures.size(), "architecture " + to_text(architecture),
                    done % 16 == 0});
    if (options.stop && options.stop() && done < architectures.size()) {
      ranking.stopped = true;
      break;
    }
  }
  return ranking;
}

}  // namespace interchoice
