#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/number_text.hpp"
#include "interchoice/report/panel_grid.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/truncated_correlation.hpp"

namespace interchoice::figures {

namespace detail {

/// The curves that bound those of all predictors.
inline void add_bounds(LinePanel& panel, const std::vector<double>& truth, std::size_t fewest) {
  const std::vector<double> best = improvement_curve(truth, truth).mean;
  const std::vector<double> chance(best.size(), best.back());
  panel.series.push_back(curve_over_count("best possible", bound_style(), best, fewest));
  panel.series.push_back(curve_over_count("random choice", chance_style(), chance, fewest));
}

}  // namespace detail

/// Mean truth of the n best by prediction, for n from all down to `fewest`, with the normalised
/// improvement as a second axis: a panel for each report. Where a predictor has several runs, the
/// curve is their mean and a band one standard deviation to either side. Panels with the same truth
/// share their vertical axis.
///
/// *Throws*: `std::invalid_argument` if there is no report, if a report's parts do not fit each
/// other, or for another number of titles than of rows or columns.
///
/// *Source*: the paper's figures 3 (top) and 4; 8 and 9 with `fewest` 1.
inline std::string improvement_grid(const PanelGrid& places, const GridOptions& options = {}) {
  detail::GridPanels grid = detail::empty_panels(places, options);
  detail::add_curves(grid,
                     [](const std::vector<double>& predictions, const std::vector<double>& truth) {
                       return improvement_curve(predictions, truth).mean;
                     });
  grid.for_each_report([&](const Report& report, LinePanel& panel) {
    detail::add_bounds(panel, report.truth, options.fewest);
  });
  std::string label;
  grid.for_each_report([&](const Report& report, LinePanel& panel) {
    if (label.empty()) label = report.truth_label;
    panel.x = detail::remaining_axis("architectures left, the best by prediction",
                                     report.truth.size(), grid);
    const std::string title = with_unit("mean " + report.truth_label, report.truth_unit);
    panel.y = detail::shared_range(grid, report).axis(title, 6);
    const ImprovementCurve best = improvement_curve(report.truth, report.truth);
    if (std::isnan(best.normalised.back())) return;
    const double mean = best.mean.back();
    const double max = best.mean.front();
    const auto normalised = [&](double value) { return (value - mean) / (max - mean); };
    panel.right =
        exact_axis("normalised improvement", normalised(panel.y.low), normalised(panel.y.high), 6);
  });
  return detail::draw(std::move(grid),
                      fmt::format("Mean {} of the architectures left when those with the worst "
                                  "predictions are removed",
                                  label));
}

/// Kendall's tau-b among the n truly best, for n from all down to `fewest`: otherwise as
/// `improvement_grid`.
///
/// *Throws*: as `improvement_grid`. *Source*: the paper's figure 3 (bottom).
inline std::string correlation_grid(const PanelGrid& places, const GridOptions& options = {}) {
  detail::GridPanels grid = detail::empty_panels(places, options);
  detail::add_curves(grid, truncated_kendall_tau_b);
  for (LinePanel& panel : grid.panels) {
    for (Series& series : panel.series) {  // no correlation is beyond 1
      for (double& value : series.low) value = std::max(value, -1.0);
      for (double& value : series.high) value = std::min(value, 1.0);
    }
  }
  grid.for_each_report([&](const Report& report, LinePanel& panel) {
    detail::Range range = detail::shared_range(grid, report);
    range.include(0);
    panel.x = detail::remaining_axis("architectures left, the best by ground truth",
                                     report.truth.size(), grid);
    panel.y = range.axis("Kendall's τ-b", 5);
  });
  return detail::draw(std::move(grid),
                      "Kendall's tau-b between prediction and ground truth when the truly worst "
                      "architectures are removed");
}

/// `improvement_grid` of a single report.
inline std::string improvement_figure(const Report& report) {
  return improvement_grid({{{&report}}}, {.panel_height = 320});
}

/// `correlation_grid` of a single report.
inline std::string correlation_figure(const Report& report) {
  return correlation_grid({{{&report}}}, {.panel_height = 240});
}

}  // namespace interchoice::figures
