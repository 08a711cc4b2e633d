#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/line_figure.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_statistics.hpp"
#include "interchoice/report/series_style.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/mean_and_standard_deviation.hpp"
#include "interchoice/stats/prediction_quality.hpp"
#include "interchoice/stats/truncated_correlation.hpp"

namespace interchoice::figures {

/// Up to this number of architectures the curves have the paper's linear axis, above a logarithmic
/// one: the last hundred, which a search is about, are not squeezed into the margin.
inline constexpr std::size_t kMostLinear = 1000;

/// Reports beside and below each other, a panel for each.
struct PanelGrid {
  std::vector<std::vector<const Report*>> rows;  ///< not owned; rows of one length
  std::vector<std::string> row_titles = {};      ///< one for each row, or none
  std::vector<std::string> column_titles = {};   ///< one for each column, or none; where there are
                                                 ///< both, a panel is named `row, column`
};

/// The options of a grid's curves.
struct GridOptions {
  std::size_t fewest = kBestKept;  ///< architectures left where curves end, since the order of
                                   ///< fewer is mostly chance; curves of no more end at 1
  int panel_height = 220;          ///< of the area with data. *Units*: pixels
};

namespace detail {

/// The labels of the bounds, which no predictor has.
inline constexpr char kBest[] = "best possible";
inline constexpr char kChance[] = "random choice";

/// The number of architectures at which curves over it end.
inline std::size_t last_count(std::size_t architectures, std::size_t fewest) {
  return architectures > fewest ? std::max<std::size_t>(fewest, 1) : 1;
}

/// The numbers of architectures at which a curve is shown: each to fifty, then every fiftieth part.
inline std::vector<std::size_t> shown_counts(std::size_t architectures, std::size_t fewest) {
  std::vector<std::size_t> counts;
  for (std::size_t n = last_count(architectures, fewest); n < architectures; n += 1 + n / 50) {
    counts.push_back(n);
  }
  counts.push_back(architectures);
  return counts;
}

/// A curve over n of which element n - 1 of `values` is the value, with a band of one standard
/// deviation where there are several runs.
inline Series curve_over_count(const std::string& label,
                               const std::vector<MeanAndStandardDeviation>& values,
                               const std::vector<std::size_t>& counts) {
  Series series{label, {}, {}};
  for (const std::size_t n : counts) {
    const MeanAndStandardDeviation& value = values[n - 1];
    series.x.push_back(static_cast<double>(n));
    series.y.push_back(value.mean);
    series.low.push_back(value.mean - value.standard_deviation);
    series.high.push_back(value.mean + value.standard_deviation);
  }
  return series;
}

/// A curve without runs.
inline Series curve_over_count(const std::string& label, const std::vector<double>& values,
                               const std::vector<std::size_t>& counts) {
  return curve_over_count(
      label, mean_and_standard_deviation_curve(std::vector<std::vector<double>>{values}), counts);
}

[[noreturn]] inline void fail_grid(const std::string& reason) {
  throw std::invalid_argument(fmt::format("interchoice: grid of panels: {}", reason));
}

/// The reports of a grid row by row, each with its panel's title.
struct TitledReport {
  const Report* report;
  std::string title;
};

/// *Throws*: `std::invalid_argument` if there is no report, a report's parts do not fit each other
/// or it has no truth, or titles do not fit.
inline std::vector<TitledReport> titled_reports(const PanelGrid& grid, std::size_t columns) {
  const auto check_titles = [](const char* what, std::size_t titles, std::size_t places) {
    if (titles == 0 || titles == places) return;
    fail_grid(
        fmt::format("{} titles of {} for {}; give one for each, or none", titles, what, places));
  };
  check_titles("rows", grid.row_titles.size(), grid.rows.size());
  check_titles("columns", grid.column_titles.size(), columns);
  std::vector<TitledReport> all;
  for (std::size_t row = 0; row < grid.rows.size(); ++row) {
    if (grid.rows[row].size() != columns) fail_grid("its rows differ in length; fill them");
    for (std::size_t column = 0; column < columns; ++column) {
      const std::string below = grid.column_titles.empty() ? "" : grid.column_titles[column];
      const std::string beside = grid.row_titles.empty() ? "" : grid.row_titles[row];
      const Report& report = *grid.rows[row][column];
      interchoice::detail::check_report(report);
      if (report.truth.empty()) fail_grid("a report has no truth; give one that has");
      all.push_back({&report, beside + (beside.empty() || below.empty() ? "" : ", ") + below});
    }
  }
  if (all.empty()) fail_grid("it has no report; give at least one");
  return all;
}

/// The range of all curves and bands of some panels.
inline void share_range(const std::vector<LinePanel*>& panels) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const LinePanel* panel : panels) {
    for (const Series& series : panel->series) {
      for (const auto* values : {&series.y, &series.low, &series.high}) {
        for (const double value : *values) {
          if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
        }
      }
    }
  }
  const double room = 0.02 * (high - low);
  for (LinePanel* panel : panels) panel->y.low = low - room, panel->y.high = high + room;
}

/// The figure of a grid, of which `fill(panel, report, counts)` adds a panel's curves and titles.
/// Panels with the same truth, whose curves can be compared, share their vertical axis.
template <class Fill>
Specification grid_figure(const std::string& description, const PanelGrid& grid,
                          const GridOptions& options, const Fill& fill) {
  const std::size_t columns = grid.rows.empty() ? 0 : grid.rows.front().size();
  const std::vector<TitledReport> reports = titled_reports(grid, columns);
  SeriesStyles styles;
  std::vector<LinePanel> panels;
  for (const auto& [report, title] : reports) {
    styles.add(*report);
    const std::size_t all = report->truth.size();
    LinePanel panel{title, {}, {}, {}};
    panel.x = {"",
               static_cast<double>(last_count(all, options.fewest)),
               static_cast<double>(all),
               all > kMostLinear,
               true,
               true};
    fill(panel, *report, shown_counts(all, options.fewest));
    panels.push_back(std::move(panel));
  }
  for (const Series& series : panels.front().series) {  // bounds, where the figure has them
    styles.add(series.label, series.label == kBest ? bound_style() : chance_style());
  }
  for (const TitledReport& one : reports) {
    std::vector<LinePanel*> alike;
    for (std::size_t i = 0; i < panels.size(); ++i) {
      if (reports[i].report->truth == one.report->truth) alike.push_back(&panels[i]);
    }
    share_range(alike);
  }
  return line_figure(description, panels, styles, columns, options.panel_height);
}

}  // namespace detail

/// Mean truth of the n best by prediction, for n from all down to `fewest`: a panel for each
/// report. Where predictions are equal it is the expectation over their orders. Where a predictor
/// has several runs, the curve is their mean and a band one standard deviation to either side.
///
/// *Throws*: `std::invalid_argument` if there is no report, if a report's parts do not fit each
/// other or it has no truth, or for another number of titles than of rows or columns.
///
/// *Source*: the paper's figures 3 (top) and 4; 8 and 9 with `fewest` 1.
inline Specification improvement_grid(const PanelGrid& grid, const GridOptions& options = {}) {
  const auto fill = [](LinePanel& panel, const Report& report,
                       const std::vector<std::size_t>& counts) {
    panel.x.title = "architectures left, the best by prediction (number)";
    panel.y.title = with_unit("mean " + report.truth_label, report.truth_unit);
    panel.also = "normalised improvement";
    const std::vector<double> best = improvement_curve(report.truth, report.truth).mean;
    const std::vector<double> chance(best.size(), best.back());
    for (const Predictor& predictor : report.predictors) {
      panel.series.push_back(detail::curve_over_count(
          predictor.label, curve_over_runs(predictor, report.truth, expected_mean), counts));
    }
    panel.series.push_back(detail::curve_over_count(detail::kBest, best, counts));
    panel.series.push_back(detail::curve_over_count(detail::kChance, chance, counts));
    if (best.front() == best.back()) return;
    for (Series& series : panel.series) {
      for (const double mean : series.y) {
        series.also.push_back((mean - best.back()) / (best.front() - best.back()));
      }
    }
  };
  return detail::grid_figure(
      "Mean ground truth of the architectures left when those with the worst predictions are "
      "removed",
      grid, options, fill);
}

/// Kendall's tau-b among the n truly best, for n from all down to `fewest`: otherwise as
/// `improvement_grid`.
///
/// *Throws*: as `improvement_grid`. *Source*: the paper's figure 3 (bottom).
inline Specification correlation_grid(const PanelGrid& grid, const GridOptions& options = {}) {
  const auto fill = [](LinePanel& panel, const Report& report,
                       const std::vector<std::size_t>& counts) {
    panel.x.title = "architectures left, the best by ground truth (number)";
    panel.y.title = "Kendall's τ-b";
    for (const Predictor& predictor : report.predictors) {
      panel.series.push_back(detail::curve_over_count(
          predictor.label, curve_over_runs(predictor, report.truth, truncated_kendall_tau_b),
          counts));
      Series& series = panel.series.back();
      for (double& value : series.low) value = std::max(value, -1.0);  // none is beyond 1
      for (double& value : series.high) value = std::min(value, 1.0);
    }
    const std::vector<double> chance(report.truth.size(), 0.0);
    panel.series.push_back(detail::curve_over_count(detail::kChance, chance, counts));
  };
  return detail::grid_figure(
      "Kendall's tau-b between prediction and ground truth when the truly worst architectures are "
      "removed",
      grid, options, fill);
}

}  // namespace interchoice::figures
