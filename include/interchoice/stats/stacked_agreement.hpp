#pragma once

#include <fmt/core.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/ranks.hpp"
#include "interchoice/stats/ridge_regression.hpp"

namespace interchoice {

/// How predictors are stacked, and what their stack is judged on.
struct StackingOptions {
  std::size_t folds = 5;         ///< parts of the architectures, each held out once
  std::uint32_t divisions = 20;  ///< into such parts
  Seed seed = {};                ///< of the divisions
  RidgeOptions ridge = {};
};

/// The agreement with the truth that several predictors reach together, on architectures that their
/// weights were not fitted to: stacking, cross-validated.
///
///     x_ij = rank of architecture i by predictor j, among all architectures
///     ŷ_F  = `RidgeRegression` of the truth's ranks on x, fitted to all architectures but fold F's
///     S    = mean over folds F, of all divisions, of correlation(ŷ_F, truth of F)
///
/// Whether a predictor adds something to others is the difference of two S, with it and without it,
/// of the same options and so of the same folds. It may be below 0: one more weight has to be
/// fitted, and a predictor that says nothing costs that much. Only ranks count, so that predictors
/// may have any scale; one that orders the wrong way round gets a negative weight.
///
/// Only architectures of one fold are compared with each other. Predictions of different folds are
/// of different fits, each with the mean of what it was fitted to, which is low where the held-out
/// truth is high: put together, or left out one by one, predictors that know nothing would
/// correlate with the truth below 0. A fold whose correlation is undefined, since all its truths or
/// all its predictions are equal, counts as 0.
///
/// *Throws*: `std::invalid_argument` for no predictors, different lengths, values that are not
/// finite, fewer than six architectures, fewer than two folds, fewer than two architectures a fold,
/// no divisions, or as `RidgeRegression`.
///
/// *Cost*: folds · divisions fits of a `RidgeRegression`.
///
/// *Source*: Wolpert, "Stacked Generalization" (1992); for comparing within folds Airola et al.,
/// "An experimental comparison of cross-validation techniques for estimating the area under the ROC
/// curve" (2011).
template <class Correlation = decltype(kendall_tau_b)>
double stacked_agreement(std::span<const std::vector<double>> predictors,
                         std::span<const double> truth, const StackingOptions& options = {},
                         const Correlation& correlation = kendall_tau_b) {
  const char* const statistic = "stacked_agreement";
  constexpr std::size_t kFewest = 6;  // two folds of three: the fewest that a ridge is fitted to
  detail::check_runs(statistic, predictors, 1, kFewest);
  detail::check_lengths(statistic, {"a predictor", predictors[0]}, {"truth", truth});
  detail::check_values(statistic, {"truth", truth}, kFewest);
  const std::size_t count = truth.size();
  if (options.folds < 2 || options.folds > count / 2 || options.divisions == 0) {
    detail::fail_statistic(
        statistic, fmt::format("{} divisions of {} architectures into {} folds; there must be one "
                               "division, two folds, and two architectures a fold at least",
                               options.divisions, count, options.folds));
  }
  std::vector<std::vector<double>> features(count);
  for (const std::vector<double>& predictor : predictors) {
    const std::vector<double> ranks = average_ranks(predictor);
    for (std::size_t i = 0; i < count; ++i) features[i].push_back(ranks[i]);
  }
  double sum = 0;
  for (std::uint32_t division = 0; division < options.divisions; ++division) {
    constexpr std::uint64_t kKind = 3;  // others of this stream are 0, 1 and 2: see bootstrap.hpp
    const std::vector<std::int64_t> order =
        permutation(static_cast<std::int64_t>(count),
                    CounterRandom(options.seed, Stream::kBootstrap, kKind, division));
    for (std::size_t fold = 0; fold < options.folds; ++fold) {
      std::vector<std::vector<double>> fitted;
      std::vector<double> fitted_truth;
      std::vector<std::vector<double>> held_out;
      std::vector<double> held_out_truth;
      for (std::size_t place = 0; place < count; ++place) {
        const auto i = static_cast<std::size_t>(order[place]);
        const bool is_held_out = place % options.folds == fold;
        (is_held_out ? held_out : fitted).push_back(features[i]);
        (is_held_out ? held_out_truth : fitted_truth).push_back(truth[i]);
      }
      const RidgeRegression ridge(fitted, average_ranks(fitted_truth), options.ridge);
      const std::vector<double> predictions = ridge.predict(held_out);
      const double agreement = correlation(std::span<const double>(predictions),
                                           std::span<const double>(held_out_truth));
      if (!std::isnan(agreement)) sum += agreement;
    }
  }
  return sum / (static_cast<double>(options.folds) * options.divisions);
}

}  // namespace interchoice
