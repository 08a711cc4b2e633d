#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/pearson.hpp"
#include "interchoice/stats/ranks.hpp"
#include "interchoice/stats/spearman.hpp"

namespace interchoice {

/// The number of the best that a selection keeps: the paper cuts its curves at ten, because a
/// super-network's order of the very best is mostly chance.
inline constexpr std::size_t kBestKept = 10;

/// The numbers by which a prediction is judged against the ground truth.
struct PredictionQuality {
  double kendall_tau_b = 0;
  double pearson = 0;
  double spearman = 0;
  std::size_t best_kept = 0;      ///< n of the numbers below
  double best_mean = 0;           ///< mean true value of the n best by prediction
  double best_improvement = 0;    ///< the same, normalised: 0 random choice, 1 the single best
  bool tie_at_cut = false;        ///< places n and n + 1 are predicted equal: which of them is kept
                                  ///< rests on the order of the input alone
  double best_mean_expected = 0;  ///< `best_mean` over all orders of equal predictions; the same
                                  ///< where there is no tie at the cut
  double best_improvement_expected = 0;  ///< likewise
};

/// Judges predictions by their correlations with the truth and by the `best_kept` best of them
/// (all, where there are fewer). Correlations are NaN where they are undefined.
///
/// *Throws*: `std::invalid_argument` if the lengths differ, if there are fewer than two values, if
/// one is NaN or infinite, or if `best_kept` is 0.
///
/// *Cost*: O(n log n).
inline PredictionQuality prediction_quality(std::span<const double> predictions,
                                            std::span<const double> truth,
                                            std::size_t best_kept = kBestKept) {
  const ImprovementCurve curve = improvement_curve(predictions, truth);
  if (best_kept == 0) {
    detail::fail_statistic("prediction_quality", "the best 0 have no mean; keep at least 1");
  }
  PredictionQuality quality;
  quality.kendall_tau_b = kendall_tau_b(predictions, truth);
  quality.pearson = pearson(predictions, truth);
  quality.spearman = spearman(predictions, truth);
  quality.best_kept = std::min(best_kept, truth.size());
  quality.best_mean = curve.mean[quality.best_kept - 1];
  quality.best_improvement = curve.normalised[quality.best_kept - 1];
  quality.best_mean_expected = quality.best_mean;
  quality.best_improvement_expected = quality.best_improvement;
  if (quality.best_kept < truth.size()) {
    const std::vector<std::size_t> order = best_first(predictions);
    quality.tie_at_cut =
        predictions[order[quality.best_kept - 1]] == predictions[order[quality.best_kept]];
  }
  if (quality.tie_at_cut) {
    const ImprovementCurve expected = improvement_curve(predictions, truth, Ties::kExpected);
    quality.best_mean_expected = expected.mean[quality.best_kept - 1];
    quality.best_improvement_expected = expected.normalised[quality.best_kept - 1];
  }
  return quality;
}

}  // namespace interchoice
