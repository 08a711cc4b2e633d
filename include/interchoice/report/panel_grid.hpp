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
#include "interchoice/report/predictor_styles.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_statistics.hpp"
#include "interchoice/stats/mean_and_standard_deviation.hpp"
#include "interchoice/stats/prediction_quality.hpp"

namespace interchoice::figures {

/// Up to this number of architectures the curves have the paper's linear axis, above a logarithmic
/// one.
inline constexpr std::size_t kMostLinear = 1000;

/// Reports beside and below each other, a panel for each.
struct PanelGrid {
  std::vector<std::vector<const Report*>> rows;  ///< not owned; `nullptr` is an empty place; a row
                                                 ///< may be shorter than the longest
  std::vector<std::string> row_titles = {};      ///< one for each row, or none
  std::vector<std::string> column_titles = {};   ///< one for each column, or none; where there are
                                                 ///< both, a panel is named `row, column`
};

/// The options of a grid's curves.
struct GridOptions {
  std::size_t fewest = kBestKept;  ///< architectures left where curves end, since the order of
                                   ///< fewer is mostly chance; curves of no more end at 1
  double panel_height = 220;       ///< of the area with data. *Units*: pixels
};

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

/// The range of the curves and of their bands.
inline Range range_of(const std::vector<Series>& series) {
  Range range;
  for (const Series& one : series) {
    for (const auto* values : {&one.y, &one.low, &one.high}) {
      for (const double value : *values) range.include(value);
    }
  }
  return range;
}

/// The number of architectures at which curves over it end.
inline std::size_t last_count(std::size_t architectures, std::size_t fewest) {
  return architectures > fewest ? std::max<std::size_t>(fewest, 1) : 1;
}

/// A curve over n, from `last_count` on, of which element n - 1 of `values` is the value.
inline Series curve_over_count(std::string label, SeriesStyle style,
                               const std::vector<double>& values, std::size_t fewest) {
  Series series{std::move(label), std::move(style), {}, {}};
  for (std::size_t n = last_count(values.size(), fewest); n <= values.size(); ++n) {
    series.x.push_back(static_cast<double>(n));
    series.y.push_back(values[n - 1]);
  }
  return series;
}

/// The same with a band of one standard deviation where there are several runs.
inline Series curve_with_band(const Predictor& predictor, const SeriesStyle& style,
                              const std::vector<MeanAndStandardDeviation>& values,
                              std::size_t fewest) {
  std::vector<double> means;
  for (const MeanAndStandardDeviation& value : values) means.push_back(value.mean);
  Series series = curve_over_count(predictor.label, style, means, fewest);
  if (predictor.runs.size() == 1) return series;
  for (std::size_t n = last_count(values.size(), fewest); n <= values.size(); ++n) {
    series.low.push_back(values[n - 1].mean - values[n - 1].standard_deviation);
    series.high.push_back(values[n - 1].mean + values[n - 1].standard_deviation);
  }
  return series;
}

/// A grid's panels with their curves, still without axes.
struct GridPanels {
  std::vector<LinePanel> panels;       // row by row; without series where there is no report
  std::vector<const Report*> reports;  // of the panels
  std::size_t columns = 0;
  GridOptions options;

  double width() const { return 380 * static_cast<double>(std::max<std::size_t>(columns, 2)); }
  // About; ticks are placed for it.
  double panel_width() const { return width() / static_cast<double>(columns) - 130; }

  // Calls `visit(report, panel)` for each panel that has a report.
  template <class Visit>
  void for_each_report(const Visit& visit) {
    for (std::size_t i = 0; i < panels.size(); ++i) {
      if (reports[i] != nullptr) visit(*reports[i], panels[i]);
    }
  }
};

[[noreturn]] inline void fail_grid(const std::string& reason) {
  throw std::invalid_argument(fmt::format("interchoice: grid of panels: {}", reason));
}

inline std::string panel_title(const PanelGrid& grid, std::size_t row, std::size_t column) {
  const std::string below = grid.column_titles.empty() ? "" : grid.column_titles[column];
  const std::string beside = grid.row_titles.empty() ? "" : grid.row_titles[row];
  return beside + (beside.empty() || below.empty() ? "" : ", ") + below;
}

/// *Throws*: `std::invalid_argument` if there is nothing to show or titles do not fit.
inline GridPanels empty_panels(const PanelGrid& grid, const GridOptions& options) {
  GridPanels result;
  result.options = options;
  for (const auto& row : grid.rows) result.columns = std::max(result.columns, row.size());
  const auto check_titles = [](const char* what, std::size_t titles, std::size_t places) {
    if (titles == 0 || titles == places) return;
    fail_grid(
        fmt::format("{} titles of {} for {}; give one for each, or none", titles, what, places));
  };
  check_titles("rows", grid.row_titles.size(), grid.rows.size());
  check_titles("columns", grid.column_titles.size(), result.columns);
  for (std::size_t row = 0; row < grid.rows.size(); ++row) {
    for (std::size_t column = 0; column < result.columns; ++column) {
      const bool is_there = column < grid.rows[row].size();
      result.reports.push_back(is_there ? grid.rows[row][column] : nullptr);
      result.panels.push_back({panel_title(grid, row, column), {}, {}, {}, {}});
    }
  }
  bool is_empty = true;
  result.for_each_report([&](const Report& report, const LinePanel&) {
    interchoice::detail::check_report(report);
    is_empty = false;
  });
  if (is_empty) fail_grid("it has no report; give at least one");
  return result;
}

/// Draws every predictor's curve into every panel. `curve(predictions, truth)` is one run's.
template <class Curve>
void add_curves(GridPanels& grid, const Curve& curve) {
  PredictorStyles styles;
  grid.for_each_report([&](const Report& report, LinePanel& panel) {
    styles.add(report);
    for (const Predictor& predictor : report.predictors) {
      panel.series.push_back(curve_with_band(predictor, styles.of(predictor),
                                             curve_over_runs(predictor, report.truth, curve),
                                             grid.options.fewest));
    }
  });
}

/// The range of all panels with the same truth, whose curves can be compared.
inline Range shared_range(GridPanels& grid, const Report& report) {
  Range range;
  grid.for_each_report([&](const Report& other, const LinePanel& panel) {
    if (other.truth != report.truth) return;
    const Range own = range_of(panel.series);
    range.include(own.low);
    range.include(own.high);
  });
  return range;
}

inline Axis remaining_axis(std::string title, std::size_t architectures, const GridPanels& grid) {
  Axis axis = count_axis(
      std::move(title), static_cast<double>(last_count(architectures, grid.options.fewest)),
      static_cast<double>(architectures), architectures > kMostLinear, grid.panel_width());
  axis.reversed = true;
  return axis;
}

/// Titles of axes stay at the grid's edge where the panels inside have the same ones.
inline void drop_repeated_titles(GridPanels& grid) {
  std::vector<LinePanel>& panels = grid.panels;
  const auto is_shown = [&](std::size_t i) {
    return i < panels.size() && !panels[i].series.empty();
  };
  std::vector<LinePanel> named = panels;
  for (std::size_t i = 0; i < panels.size(); ++i) {
    if (!is_shown(i)) continue;
    const std::size_t column = i % grid.columns;
    if (column > 0 && is_shown(i - 1) && named[i - 1].y.title == panels[i].y.title) {
      panels[i].y.title.clear();
    }
    const bool has_right = column + 1 < grid.columns && is_shown(i + 1) && named[i + 1].right;
    if (has_right && panels[i].right && named[i + 1].right->title == panels[i].right->title) {
      panels[i].right->title.clear();
    }
    const std::size_t below = i + grid.columns;
    if (is_shown(below) && named[below].x.title == panels[i].x.title) panels[i].x.title.clear();
  }
}

inline std::string draw(GridPanels grid, std::string description) {
  drop_repeated_titles(grid);
  return to_svg(LineFigure{std::move(description), std::move(grid.panels), grid.width(),
                           grid.options.panel_height, grid.columns});
}

}  // namespace detail

}  // namespace interchoice::figures
