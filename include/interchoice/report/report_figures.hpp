#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/curve_figures.hpp"
#include "interchoice/report/line_figure.hpp"
#include "interchoice/report/matrix_figure.hpp"
#include "interchoice/report/predictor_styles.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_statistics.hpp"
#include "interchoice/report/scatter_figure.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/self_consistency.hpp"

namespace interchoice::figures {

namespace detail {

/// The value, or a gap where a training has diverged beyond what a figure can show.
inline double visible(double value) {
  return std::abs(value) <= 1e100 ? value : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace detail

/// Truth against prediction, a panel for each predictor; of several runs against the mean of
/// their predictions.
inline std::string prediction_figure(const Report& report, const ReportStatistics& statistics) {
  const std::vector<SeriesStyle> styles = predictor_styles(report);
  ScatterFigure figure{
      .description = "Ground truth against prediction, a point for each architecture",
      .x_title = "prediction",
      .y_title = with_unit(report.truth_label, report.truth_unit),
      .y = report.truth,
      .names = report.architectures};
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    const PredictorStatistics& predictor = statistics.predictors[i];
    const PredictionQuality& quality = predictor.ensemble.value_or(predictor.mean);
    figure.panels.push_back({report.predictors[i].label,
                             "τ-b = " + fixed_text(quality.kendall_tau_b, 3),
                             styles[i].stroke.colour, predictor.mean_prediction});
  }
  return to_svg(figure);
}

/// The number of runs of a predictor that `self_consistency_figure` compares: three pairs.
inline constexpr std::size_t kMostRunsCompared = 3;

/// Predictions of one run against those of another, panels for every two of a super-network's first
/// three: the paper's figure 10. Empty if nothing was trained twice.
inline std::string self_consistency_figure(const Report& report) {
  const std::vector<SeriesStyle> styles = predictor_styles(report);
  ScatterFigure figure{
      .description = "Predictions of super-networks that differ in their seed only",
      .names = report.architectures};
  for (std::size_t p = 0; p < report.predictors.size(); ++p) {
    const Predictor& predictor = report.predictors[p];
    const std::size_t runs = std::min(predictor.runs.size(), kMostRunsCompared);
    for (std::size_t i = 0; i < runs && !predictor.baseline; ++i) {
      for (std::size_t j = i + 1; j < runs; ++j) {
        const double tau_b = kendall_tau_b(predictor.runs[i], predictor.runs[j]);
        figure.panels.push_back({predictor.label, "τ-b = " + fixed_text(tau_b, 3),
                                 styles[p].stroke.colour, predictor.runs[i], predictor.runs[j],
                                 fmt::format("run {}", i + 1), fmt::format("run {}", j + 1)});
      }
    }
  }
  return figure.panels.empty() ? "" : to_svg(figure);
}

/// Kendall's tau-b of all runs of all super-networks with each other. Empty if nothing was trained
/// twice.
inline std::string agreement_figure(const Report& report) {
  if (!has_seeds(report)) return {};
  MatrixFigure figure{
      .description = "Kendall's tau-b between the predictions of every two super-networks",
      .title = "Kendall's τ-b"};
  std::vector<std::vector<double>> runs;
  for (const Predictor& predictor : report.predictors) {
    if (predictor.baseline) continue;
    for (std::size_t run = 0; run < predictor.runs.size(); ++run) {
      figure.labels.push_back(
          interchoice::detail::run_name(predictor.label, predictor.runs.size(), run));
      runs.push_back(predictor.runs[run]);
    }
    figure.groups.push_back(predictor.runs.size());
  }
  const CorrelationMatrix matrix = self_consistency(runs);
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    figure.values.emplace_back();
    for (std::size_t j = 0; j < matrix.size(); ++j) figure.values[i].push_back(matrix.at(i, j));
  }
  return to_svg(figure);
}

/// Loss and accuracy over the epochs of the predictors that were trained. Empty if none was.
inline std::string training_figure(const Report& report) {
  const std::vector<SeriesStyle> styles = predictor_styles(report);
  LinePanel loss{"training loss", {}, {}, {}, {}};
  LinePanel accuracy{"training accuracy", {}, {}, {}, {}};
  detail::Range epochs;
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    const Predictor& predictor = report.predictors[i];
    if (predictor.training.empty()) continue;
    Series losses{predictor.label, styles[i], {}, {}};
    Series accuracies = losses;
    for (const TrainingPoint& point : predictor.training) {
      epochs.include(point.epoch);
      losses.x.push_back(point.epoch);
      losses.y.push_back(detail::visible(point.loss));
      accuracies.x.push_back(point.epoch);
      accuracies.y.push_back(detail::visible(point.accuracy));
    }
    loss.series.push_back(std::move(losses));
    accuracy.series.push_back(std::move(accuracies));
  }
  if (loss.series.empty()) return {};
  loss.x = count_axis("epoch", epochs.low, std::max(epochs.high, epochs.low + 1), false, 296);
  accuracy.x = loss.x;
  loss.y = detail::range_of(loss.series).axis("loss", 5);
  accuracy.y = detail::range_of(accuracy.series).axis("accuracy [%]", 5);
  return to_svg(
      LineFigure{"Training loss and accuracy over the epochs", {loss, accuracy}, 760, 220});
}

}  // namespace interchoice::figures
