#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"
#include "interchoice/stats/detail/cholesky.hpp"

namespace interchoice {

/// How a ridge regression is fitted.
struct RidgeOptions {
  /// Penalties to choose from, relative to the mean variance of a feature times the examples; the
  /// one whose leave-one-out error is least is taken, the larger one of equals.
  std::vector<double> penalties = {1e-3, 1e-2, 1e-1, 1, 10, 100};
};

/// A linear predictor of few examples: of accuracies, by what an architecture is made of.
///
///     ŷ(f) = ȳ + β · (f - f̄),   β = argmin Σ_i (y_i - ŷ(f_i))² + λ ‖β‖²
///
/// The mean is not penalised. λ is chosen by the error that leaving out one example makes, which
/// needs no second fit:
///
///     Σ_i (r_i / (1 - h_i))²,  r_i = y_i - ŷ(f_i),  h_i = 1 / n + (f_i - f̄)ᵀ A⁻¹ (f_i - f̄)
///
/// with A = Σ_i (f_i - f̄)(f_i - f̄)ᵀ + λ I. Features that are linear combinations of others, as the
/// counts of all operations are, do no harm. *Source*: Hoerl & Kennard 1970; the error is Allen's
/// PRESS, 1974.
class RidgeRegression {
 public:
  /// Fits `features`, one row an example, to `targets`.
  ///
  /// *Throws*: `std::invalid_argument` if there are fewer than three examples, no features, rows of
  /// different lengths, a value that is not finite, or no positive penalty.
  ///
  /// *Cost*: O(penalties · (features³ + n · features²)).
  RidgeRegression(std::span<const std::vector<double>> features, std::span<const double> targets,
                  const RidgeOptions& options = {}) {
    check(features, targets, options);
    const std::size_t n = targets.size();
    const std::size_t width = features[0].size();
    target_mean_ = std::accumulate(targets.begin(), targets.end(), 0.0) / static_cast<double>(n);
    feature_means_.assign(width, 0);
    for (const auto& row : features) {
      for (std::size_t j = 0; j < width; ++j) feature_means_[j] += row[j];
    }
    for (double& mean : feature_means_) mean /= static_cast<double>(n);
    std::vector<std::vector<double>> centred(features.begin(), features.end());
    for (auto& row : centred) {
      for (std::size_t j = 0; j < width; ++j) row[j] -= feature_means_[j];
    }
    std::vector<double> rest(targets.begin(), targets.end());
    for (double& value : rest) value -= target_mean_;

    std::vector<std::vector<double>> products(width, std::vector<double>(width, 0));
    std::vector<double> with_targets(width, 0);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        for (std::size_t k = 0; k < width; ++k) products[j][k] += centred[i][j] * centred[i][k];
        with_targets[j] += centred[i][j] * rest[i];
      }
    }
    double trace = 0;
    for (std::size_t j = 0; j < width; ++j) trace += products[j][j];
    const double unit = trace > 0 ? trace / static_cast<double>(width) : 1;  // all rows equal

    double least = std::numeric_limits<double>::infinity();
    for (const double relative : options.penalties) {
      auto matrix = products;
      for (std::size_t j = 0; j < width; ++j) matrix[j][j] += relative * unit;
      const detail::Cholesky factors(std::move(matrix));
      std::vector<double> coefficients = factors.solve(with_targets);
      double error = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double weight =
            1 / static_cast<double>(n) + dot(centred[i], factors.solve(centred[i]));
        const double left_out = (rest[i] - dot(centred[i], coefficients)) / (1 - weight);
        error += left_out * left_out;
      }
      const bool is_equal = error == least && relative > penalty_;
      if (!(error < least) && !is_equal) continue;
      least = error;
      penalty_ = relative;
      coefficients_ = std::move(coefficients);
    }
    left_out_error_ = std::sqrt(least / static_cast<double>(n));
  }

  /// The prediction for a row of features. *Throws*: `std::invalid_argument` for a row of another
  /// length.
  double predict(std::span<const double> row) const {
    if (row.size() != coefficients_.size()) {
      detail::fail_statistic("RidgeRegression",
                             fmt::format("a row has {} features, it was fitted to {}", row.size(),
                                         coefficients_.size()));
    }
    double sum = target_mean_;
    for (std::size_t j = 0; j < row.size(); ++j) {
      sum += coefficients_[j] * (row[j] - feature_means_[j]);
    }
    return sum;
  }

  /// The predictions for several rows.
  std::vector<double> predict(std::span<const std::vector<double>> rows) const {
    std::vector<double> values;
    for (const auto& row : rows) values.push_back(predict(std::span<const double>(row)));
    return values;
  }

  /// β, of the features as they were given.
  const std::vector<double>& coefficients() const { return coefficients_; }
  /// The relative penalty that was chosen.
  double penalty() const { return penalty_; }
  /// The root of the mean squared error for an example that is left out, in the target's unit.
  double leave_one_out_error() const { return left_out_error_; }

 private:
  static double dot(const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  }

  static void check(std::span<const std::vector<double>> features, std::span<const double> targets,
                    const RidgeOptions& options) {
    const char* const statistic = "RidgeRegression";
    detail::check_values(statistic, {"targets", targets}, 3);
    if (features.size() != targets.size()) {
      detail::fail_statistic(statistic, fmt::format("there are {} rows of features and {} targets",
                                                    features.size(), targets.size()));
    }
    for (std::size_t i = 0; i < features.size(); ++i) {
      detail::check_values(statistic, {fmt::format("row {}", i), features[i]}, 1);
      detail::check_lengths(statistic, {fmt::format("row {}", i), features[i]},
                            {"row 0", features[0]});
    }
    if (options.penalties.empty()) detail::fail_statistic(statistic, "there are no penalties");
    for (const double penalty : options.penalties) {
      if (std::isfinite(penalty) && penalty > 0) continue;
      detail::fail_statistic(statistic,
                             fmt::format("a penalty of {}; penalties are above 0", penalty));
    }
  }

  double target_mean_ = 0;
  std::vector<double> feature_means_;
  std::vector<double> coefficients_;
  double penalty_ = 0;
  double left_out_error_ = 0;
};

}  // namespace interchoice
