#pragma once

// The results of a program: a page with figures and tables, the same numbers as CSV, and the
// whole reports that they come from.

#include <fmt/core.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "examples/reproduce/comparison.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/report/html.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/report/specification.hpp"
#include "interchoice/report/write_report.hpp"

namespace reproduce {

/// A page in a folder: `index.html`, a Vega-Lite file for each figure, a CSV file for each table.
class ResultPage {
 public:
  ResultPage(std::filesystem::path folder, const std::string& title, const std::string& paper)
      : folder_(std::move(folder)), page_(title) {
    page_.paragraphs(paper);
  }

  const std::filesystem::path& folder() const { return folder_; }

  void heading(const std::string& text) { page_.heading(text); }
  void paragraphs(const std::string& text) { page_.paragraphs(text); }

  void figure(const std::string& name, const ic::figures::Specification& figure,
              const std::string& caption) {
    const std::string file = name + ".vl.json";
    ic::write_file_atomically(folder_ / file, ic::figures::specification_text(figure));
    files_.push_back({file, caption});
    page_.figure(name, figure, caption);
  }

  /// Shows a table and writes it; also prints it, so that a terminal tells the result.
  void table(const std::string& name, const ic::figures::Table& table, const std::string& note) {
    std::vector<std::string> header = table.header;
    for (std::string& title : header) std::replace(title.begin(), title.end(), '\n', ' ');
    header.insert(header.begin(), "group");
    std::string csv = ic::csv_line(header) + '\n';
    for (const auto& group : table.groups) {
      if (!group.heading.empty()) examples::say("{}\n", group.heading);
      for (const auto& row : group.rows) {
        std::vector<std::string> fields{group.heading};
        for (const auto& cell : row) {
          fields.push_back(cell.text + (cell.detail.empty() ? "" : " " + cell.detail));
          examples::say("  {:<24}", fields.back());
        }
        examples::say("\n");
        csv += ic::csv_line(fields) + '\n';
      }
    }
    ic::write_file_atomically(folder_ / (name + ".csv"), csv);
    files_.push_back({name + ".csv", "the table above"});
    page_.table(table);
    page_.note(note);
  }

  /// Writes a whole report into a folder of its own.
  void report(const std::string& name, const ic::Report& report) {
    ic::write_report(folder_ / name, report);
    files_.push_back({name + "/report.html", "everything about " + report.title});
  }

  void finish(const std::string& command) {
    page_.heading("Files");
    page_.links(files_);
    page_.definitions({{"command", command}});
    ic::write_file_atomically(folder_ / "index.html", std::move(page_).finish());
    examples::say("{}\n", (folder_ / "index.html").string());
  }

 private:
  std::filesystem::path folder_;
  ic::figures::HtmlPage page_;
  std::vector<std::pair<std::string, std::string>> files_;
};

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
