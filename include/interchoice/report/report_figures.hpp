#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/line_figure.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/scatter_figure.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/kendall.hpp"
#include "interchoice/stats/prediction_quality.hpp"
#include "interchoice/stats/truncated_correlation.hpp"

namespace interchoice::figures {

/// The looks of a report's predictors, the same in all of its figures.
inline std::vector<SeriesStyle> predictor_styles(const Report& report) {
  std::vector<SeriesStyle> styles;
  std::size_t trained = 0;
  std::size_t trivial = 0;
  for (const Predictor& predictor : report.predictors) {
    styles.push_back(predictor.trivial ? reference_style(trivial++) : series_style(trained++));
  }
  return styles;
}

/// Up to this number of architectures the curves have the paper's linear axis, above a logarithmic
/// one.
inline constexpr std::size_t kMostLinear = 1000;

namespace detail {

/// The lowest and highest finite value of several lists.
struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }

  Axis axis(std::string title, int intervals) const {
    const bool is_empty = low > high;
    return rounded_axis(std::move(title), is_empty ? 0 : low, is_empty ? 1 : high, intervals);
  }
};

inline Range range_of(const std::vector<Series>& series) {
  Range range;
  for (const Series& one : series) {
    for (const double y : one.y) range.include(y);
  }
  return range;
}

/// The value, or a gap where a training has diverged beyond what a figure can show.
inline double visible(double value) {
  return std::abs(value) <= 1e100 ? value : std::numeric_limits<double>::quiet_NaN();
}

inline std::string with_unit(const std::string& text, const std::string& unit) {
  return unit.empty() ? text : text + " [" + unit + "]";
}

/// Where curves over the number of architectures end: the order of fewer is mostly chance.
inline std::size_t fewest_shown(std::size_t architectures) {
  return architectures > kBestKept ? kBestKept : 1;
}

/// A curve over n, of which element n - 1 of `values` is the value.
inline Series curve_over_count(std::string label, SeriesStyle style,
                               const std::vector<double>& values) {
  Series series{std::move(label), std::move(style), {}, {}};
  for (std::size_t n = fewest_shown(values.size()); n <= values.size(); ++n) {
    series.x.push_back(static_cast<double>(n));
    series.y.push_back(values[n - 1]);
  }
  return series;
}

inline Axis remaining_axis(std::string title, std::size_t architectures) {
  Axis axis = count_axis(std::move(title), static_cast<double>(fewest_shown(architectures)),
                         static_cast<double>(architectures), architectures > kMostLinear, 630);
  axis.reversed = true;
  return axis;
}

}  // namespace detail

/// Mean truth of the n best by prediction, for n from all down to ten, with the normalised
/// improvement as a second axis: the paper's figures 3 (top) and 4.
inline std::string improvement_figure(const Report& report) {
  const std::vector<SeriesStyle> styles = predictor_styles(report);
  const ImprovementCurve best = improvement_curve(report.truth, report.truth);
  LinePanel panel;
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    const Predictor& predictor = report.predictors[i];
    panel.series.push_back(detail::curve_over_count(
        predictor.label, styles[i], improvement_curve(predictor.values, report.truth).mean));
  }
  panel.series.push_back(detail::curve_over_count("best possible", bound_style(), best.mean));
  const double mean = best.mean.back();
  const double max = best.mean.front();
  panel.series.push_back(detail::curve_over_count("random choice", chance_style(),
                                                  std::vector<double>(report.truth.size(), mean)));

  panel.x =
      detail::remaining_axis("architectures left, the best by prediction", report.truth.size());
  panel.y = detail::range_of(panel.series)
                .axis(detail::with_unit("mean " + report.truth_label, report.truth_unit), 6);
  if (!std::isnan(best.normalised.back())) {
    const auto normalised = [&](double value) { return (value - mean) / (max - mean); };
    panel.right =
        exact_axis("normalised improvement", normalised(panel.y.low), normalised(panel.y.high), 6);
  }
  return to_svg(LineFigure{"Mean " + report.truth_label +
                               " of the architectures left when those "
                               "with the worst predictions are removed",
                           {panel},
                           760,
                           320});
}

/// Kendall's tau-b among the n truly best, for n from all down to ten: the paper's figure 3
/// (bottom).
inline std::string correlation_figure(const Report& report) {
  const std::vector<SeriesStyle> styles = predictor_styles(report);
  LinePanel panel;
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    const Predictor& predictor = report.predictors[i];
    panel.series.push_back(detail::curve_over_count(
        predictor.label, styles[i], truncated_kendall_tau_b(predictor.values, report.truth)));
  }
  detail::Range range = detail::range_of(panel.series);
  range.include(0);
  panel.x =
      detail::remaining_axis("architectures left, the best by ground truth", report.truth.size());
  panel.y = range.axis("Kendall's τ-b", 5);
  return to_svg(
      LineFigure{"Kendall's tau-b between prediction and ground truth when the truly "
                 "worst architectures are removed",
                 {panel},
                 760,
                 240});
}

/// Truth against prediction, a panel for each predictor.
inline std::string prediction_figure(const Report& report) {
  const std::vector<SeriesStyle> styles = predictor_styles(report);
  ScatterFigure figure{"Ground truth against prediction, a point for each architecture",
                       "prediction",
                       detail::with_unit(report.truth_label, report.truth_unit),
                       report.truth,
                       report.architectures,
                       {},
                       760};
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    const Predictor& predictor = report.predictors[i];
    figure.panels.push_back(
        {predictor.label, "τ-b = " + fixed_text(kendall_tau_b(predictor.values, report.truth), 3),
         styles[i].stroke.colour, predictor.values});
  }
  return to_svg(figure);
}

/// Whether any predictor has a training to show.
inline bool has_training(const Report& report) {
  return std::any_of(report.predictors.begin(), report.predictors.end(),
                     [](const Predictor& predictor) { return !predictor.training.empty(); });
}

/// Loss and accuracy over the epochs of the predictors that were trained.
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
  loss.x = count_axis("epoch", epochs.low, std::max(epochs.high, epochs.low + 1), false, 296);
  accuracy.x = loss.x;
  loss.y = detail::range_of(loss.series).axis("loss", 5);
  accuracy.y = detail::range_of(accuracy.series).axis("accuracy [%]", 5);
  return to_svg(
      LineFigure{"Training loss and accuracy over the epochs", {loss, accuracy}, 760, 220});
}

}  // namespace interchoice::figures
