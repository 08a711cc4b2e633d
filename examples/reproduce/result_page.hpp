#pragma once

// Methods on a page: every one beside the baseline.

#include <string>
#include <vector>

#include "examples/reproduce/comparison.hpp"
#include "examples/result_page.hpp"
#include "interchoice/report/number_text.hpp"

namespace reproduce {

using examples::ResultPage;

namespace detail {

inline std::string plus_minus(const ic::MeanAndStandardDeviation& m) {
  return ic::figures::fixed_text(m.mean, 3) +
         (m.count > 1 ? " ± " + ic::figures::fixed_text(m.standard_deviation, 3) : "");
}

inline std::vector<ic::figures::Cell> standing_cells(const Standing& s, bool is_baseline) {
  const auto number = [](double value) { return ic::figures::fixed_text(value, 3); };
  std::vector<ic::figures::Cell> cells{{plus_minus(s.value)}, {number(s.ensemble)}};
  if (is_baseline) {
    cells.push_back({""});
  } else {
    cells.push_back({.text = verdict(s.difference),
                     .detail = number(s.difference.estimate) + " [" + number(s.difference.low) +
                               ", " + number(s.difference.high) + "]"});
  }
  return cells;
}

}  // namespace detail

/// Every predictor of some reports with its tau-b and its improvement, beside the first one.
inline ic::figures::Table standings(const std::vector<ic::Report>& reports) {
  ic::figures::Table table{{"", "tau-b", "ensemble\ntau-b", "beside\nbaseline", "improvement",
                            "ensemble\nimprovement", "beside\nbaseline"},
                           {}};
  for (const ic::Report& report : reports) {
    ic::figures::RowGroup group{.heading = report.title, .rows = {}};
    const auto& baseline = report.predictors.front();
    for (const ic::Predictor& predictor : report.predictors) {
      std::vector<ic::figures::Cell> row{{predictor.label}};
      const bool is_baseline = &predictor == &baseline;
      for (const auto& cells :
           {detail::standing_cells(standing(predictor.runs, baseline.runs, report.truth, tau_b),
                                   is_baseline),
            detail::standing_cells(
                standing(predictor.runs, baseline.runs, report.truth, improvement), is_baseline)}) {
        row.insert(row.end(), cells.begin(), cells.end());
      }
      group.rows.push_back(std::move(row));
    }
    table.groups.push_back(std::move(group));
  }
  return table;
}

inline constexpr const char* kStandingsNote =
    "Kendall's tau-b with the ground truth, and the normalised improvement of the ten best by "
    "prediction (0: random choice, 1: the single best): mean ± standard deviation over seeds, and "
    "that of "
    "the mean of all seeds' predictions. Beside the baseline: difference of the means with a 95 % "
    "bootstrap interval over seeds and architectures; within noise where it holds 0. Of three "
    "seeds such an interval is too narrow rather than too wide.";

/// The improvement curves of some reports below each other, their standings, and each whole report
/// in a folder of its own.
inline void add_comparison(ResultPage& page, const std::string& name,
                           const std::vector<ic::Report>& reports) {
  ic::figures::PanelGrid grid;
  for (const ic::Report& report : reports) {
    grid.rows.push_back({&report});
    if (reports.size() > 1) grid.row_titles.push_back(report.title);
  }
  page.figure(name, ic::figures::improvement_grid(grid),
              "Mean ground truth of the architectures that are left when those with the worst "
              "predictions are removed. Mean and standard deviation over seeds.");
  page.table("standings", standings(reports), kStandingsNote);
  for (const ic::Report& report : reports) page.report(report.title, report);
}

}  // namespace reproduce
