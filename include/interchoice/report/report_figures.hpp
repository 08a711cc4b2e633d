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
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_statistics.hpp"
#include "interchoice/report/scatter_figure.hpp"
#include "interchoice/report/series_style.hpp"
#include "interchoice/report/shown_architectures.hpp"
#include "interchoice/report/specification.hpp"
#include "interchoice/stats/self_consistency.hpp"

namespace interchoice::figures {

/// The name of the data that the figure of predictions shares with the page's table.
inline constexpr char kArchitectures[] = "architectures";

namespace detail {

/// The architectures that a page shows, as rows.
inline Specification architecture_rows(const Report& report, const ReportStatistics& statistics) {
  const std::vector<ArchitectureColumn> columns = architecture_columns(report, statistics);
  Specification rows = Specification::array();
  for (const std::size_t i : shown_architectures(report, statistics)) {
    Specification row = {{"arch", report.architectures[i]}};
    for (const ArchitectureColumn& column : columns) {
      row[column.field] = shown_number(column.values[i]);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// The value, or a gap where a training has diverged beyond what a figure can show.
inline double visible(double value) {
  return std::abs(value) <= 1e100 ? value : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace detail

/// Truth against prediction, a panel for each predictor; of several runs against the mean of
/// their predictions. A rectangle that is dragged over points marks these architectures in all
/// panels (the parameter `brush`). Empty without a truth.
inline Specification prediction_figure(const Report& report, const ReportStatistics& statistics) {
  if (report.truth.empty()) return {};
  SeriesStyles styles;
  styles.add(report);
  const std::string truth = with_unit(report.truth_label, report.truth_unit);
  Specification rows = detail::architecture_rows(report, statistics);
  std::vector<Specification> views;
  Specification names = Specification::array();
  for (std::size_t p = 0; p < report.predictors.size(); ++p) {
    const Predictor& predictor = report.predictors[p];
    const PredictorStatistics& numbers = statistics.predictors[p];
    const std::string field = fmt::format("p{}", p);
    const std::string prediction = with_unit("prediction", predictor.unit);
    names.push_back(field);
    views.push_back(
        {{"name", field},
         {"title", detail::title_with_tau(predictor.label,
                                          numbers.ensemble.value_or(numbers.mean).kendall_tau_b)},
         {"width", kFigureWidth},
         {"height", 180},
         {"mark", detail::point_mark(styles.of(predictor.label), rows.size())},
         {"params", list_of(zoom("zoom_" + field, false))},
         {"encoding",
          {{"x", padded(channel(field, {prediction}))},
           {"y", padded(channel("truth", {truth}))},
           {"opacity",
            {{"condition", {{"param", "brush"}, {"value", detail::point_opacity(rows.size())}}},
             {"value", 0.06}}},
           {"tooltip",
            {tooltip("arch", "architecture"), number_tooltip(field, prediction),
             number_tooltip("truth", truth)}}}}});
  }
  Specification figure =
      specification("Ground truth against prediction, a point for each architecture");
  figure["data"] = {{"name", kArchitectures}};
  figure["datasets"] = {{kArchitectures, std::move(rows)}};
  figure["params"] = list_of({{"name", "brush"},
                              {"select", {{"type", "interval"}, {"zoom", false}}},
                              {"views", std::move(names)}});
  return arranged(std::move(figure), std::move(views),
                  detail::scatter_columns(report.predictors.size()));
}

/// The number of runs of a predictor that `self_consistency_figure` compares: three pairs.
inline constexpr std::size_t kMostRunsCompared = 3;

/// Predictions of one run against those of another, panels for every two of a super-network's first
/// three: the paper's figure 10. Empty if nothing was trained twice.
inline Specification self_consistency_figure(const Report& report) {
  SeriesStyles styles;
  styles.add(report);
  std::vector<ScatterPanel> panels;
  for (const Predictor& predictor : report.predictors) {
    const std::size_t runs = std::min(predictor.runs.size(), kMostRunsCompared);
    const auto title = [&](std::size_t run) {
      return with_unit(fmt::format("prediction of run {}", run + 1), predictor.unit);
    };
    for (std::size_t i = 0; i < runs && !predictor.baseline; ++i) {
      for (std::size_t j = i + 1; j < runs; ++j) {
        panels.push_back({predictor.label, title(i), title(j), predictor.runs[i], predictor.runs[j],
                          styles.of(predictor.label)});
      }
    }
  }
  if (panels.empty()) return {};
  return scatter_figure("Predictions of super-networks that differ in their seed only",
                        report.architectures, panels);
}

/// Kendall's tau-b of all runs of all super-networks with each other, as a map of colours with
/// numbers. Empty if nothing was trained twice.
inline Specification agreement_figure(const Report& report) {
  if (!has_seeds(report)) return {};
  std::vector<std::string> labels;
  std::vector<std::vector<double>> runs;
  for (const Predictor& predictor : report.predictors) {
    if (predictor.baseline) continue;
    for (std::size_t run = 0; run < predictor.runs.size(); ++run) {
      labels.push_back(interchoice::detail::run_name(predictor.label, predictor.runs.size(), run));
      runs.push_back(predictor.runs[run]);
    }
  }
  const CorrelationMatrix matrix = self_consistency(runs);
  Specification rows = Specification::array();
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    for (std::size_t j = 0; j < matrix.size(); ++j) {
      rows.push_back(
          {{"row", labels[i]}, {"column", labels[j]}, {"tau_b", shown_number(matrix.at(i, j))}});
    }
  }
  const auto place = [&](const char* field) -> Specification {
    return {{"field", field}, {"type", "nominal"}, {"title", nullptr}, {"sort", labels}};
  };
  Specification colour = {{"field", "tau_b"},
                          {"type", "quantitative"},
                          {"title", "Kendall's τ-b"},
                          {"scale",
                           {{"domain", {-1, 0, 1}},
                            {"range", {"#d55e00", "#ffffff", "#0072b2"}},
                            {"interpolate", "rgb"}}}};
  Specification number = {{"field", "tau_b"}, {"type", "quantitative"}, {"format", ".2f"}};
  Specification ink = {{"condition", {{"test", "abs(datum.tau_b) > 0.6"}, {"value", "#ffffff"}}},
                       {"value", "#222222"}};
  Specification figure =
      specification("Kendall's tau-b between the predictions of every two super-networks");
  figure["width"] = kFigureWidth;
  figure["height"] = 26 * labels.size();
  figure["data"] = {{"values", std::move(rows)}};
  figure["encoding"] = {{"x", place("column")}, {"y", place("row")}};
  figure["layer"] = list_of({{"mark", "rect"},
                             {"encoding",
                              {{"color", std::move(colour)},
                               {"tooltip",
                                {tooltip("row", "row"), tooltip("column", "column"),
                                 number_tooltip("tau_b", "Kendall's τ-b")}}}}});
  if (labels.size() <= 24) {  // cells have room for numbers
    figure["layer"].push_back(
        {{"mark", {{"type", "text"}, {"fontSize", 10}}},
         {"encoding", {{"text", std::move(number)}, {"color", std::move(ink)}}}});
  }
  return figure;
}

/// Loss and accuracy over the epochs of the predictors that were trained. Empty if none was.
inline Specification training_figure(const Report& report) {
  SeriesStyles all;
  all.add(report);
  SeriesStyles styles;
  const Quantity epochs{.title = "epoch (number)", .counts = true};
  LinePanel loss{"", epochs, {"training loss"}, {}};
  LinePanel accuracy{"", epochs, {"training accuracy [%]"}, {}};
  for (const Predictor& predictor : report.predictors) {
    if (predictor.training.empty()) continue;
    styles.add(predictor.label, all.of(predictor.label));
    Series losses{predictor.label, {}, {}};
    Series accuracies = losses;
    for (const TrainingPoint& point : predictor.training) {
      losses.x.push_back(point.epoch);
      losses.y.push_back(detail::visible(point.loss));
      accuracies.y.push_back(detail::visible(point.accuracy));
    }
    accuracies.x = losses.x;
    loss.series.push_back(std::move(losses));
    accuracy.series.push_back(std::move(accuracies));
  }
  if (loss.series.empty()) return {};
  return line_figure("Training loss and accuracy over the epochs", {loss, accuracy}, styles, 2,
                     180);
}

}  // namespace interchoice::figures
