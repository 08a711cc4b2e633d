#pragma once

#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "interchoice/io/atomic_file.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_figures.hpp"
#include "interchoice/report/report_metrics.hpp"
#include "interchoice/report/report_page.hpp"

namespace interchoice {

/// Writes a report into a folder, which is made if it does not exist:
///
/// | file | holds |
/// | --- | --- |
/// | `report.html` | tables and figures; one file that needs nothing else |
/// | `improvement.svg`, `correlation.svg`, `predictions.svg`, `training.svg` | the figures |
/// | `metrics.csv`, `metrics.json` | the qualities of the predictors |
/// | `predictions.csv` | every architecture's truth and predictions |
/// | `curves.csv` | the curves of the figures |
///
/// Each file is written completely or not at all. `training.svg` is written only if a predictor has
/// a training. The same report gives the same bytes on every machine.
///
/// *Throws*: `std::invalid_argument` if the parts of the report do not fit each other: different
/// numbers of architectures and values, values that are not finite, no or equal labels;
/// `std::runtime_error` with path and reason if a file cannot be written.
///
/// *Cost*: O(n log n) for n architectures; 15,625 with four predictors take about a second.
inline void write_report(const std::filesystem::path& folder, const Report& report) {
  detail::check_report(report);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw std::runtime_error("interchoice: " + folder.string() +
                             ": cannot make this folder: " + error.message());
  }
  const figures::ReportFigures drawings{
      figures::improvement_figure(report), figures::correlation_figure(report),
      figures::prediction_figure(report),
      figures::has_training(report) ? figures::training_figure(report) : ""};
  write_file_atomically(folder / "report.html", figures::report_page(report, drawings));
  write_file_atomically(folder / "improvement.svg", drawings.improvement);
  write_file_atomically(folder / "correlation.svg", drawings.correlation);
  write_file_atomically(folder / "predictions.svg", drawings.predictions);
  if (!drawings.training.empty()) {
    write_file_atomically(folder / "training.svg", drawings.training);
  }
  write_file_atomically(folder / "metrics.csv", figures::metrics_csv(report));
  write_file_atomically(folder / "metrics.json", figures::metrics_json(report));
  write_file_atomically(folder / "predictions.csv", figures::predictions_csv(report));
  write_file_atomically(folder / "curves.csv", figures::curves_csv(report));
}

}  // namespace interchoice
