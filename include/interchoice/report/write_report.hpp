#pragma once

#include <fmt/core.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "interchoice/io/atomic_file.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_metrics.hpp"
#include "interchoice/report/report_page.hpp"
#include "interchoice/report/report_statistics.hpp"
#include "interchoice/report/valid_texts.hpp"

namespace interchoice {

/// Writes a report into a folder, which is made if it does not exist:
///
/// | file | holds |
/// | --- | --- |
/// | `report.html` | tables and figures; one file that needs nothing else |
/// | `improvement.svg`, `correlation.svg`, `predictions.svg`, `training.svg` | the figures |
/// | `agreement.svg`, `self-consistency.svg` | agreement of runs that differ in their seed |
/// | `metrics.csv`, `metrics.json` | the qualities of the predictors |
/// | `predictions.csv` | every architecture's truth and predictions |
/// | `curves.csv` | the curves of the figures |
///
/// Each file is written completely or not at all. `training.svg` is written only if a predictor has
/// a training, `agreement.svg` and `self-consistency.svg` only if one that is no baseline has
/// several runs. The same report gives the same bytes on every machine, and so does
/// `read_report` of the folder. Bytes of texts that are not UTF-8 become U+FFFD.
///
/// *Throws*: `std::invalid_argument` if the parts of the report do not fit each other: different
/// numbers of architectures and values, values that are not finite, no or equal labels;
/// `std::runtime_error` with path and reason if a file cannot be written.
///
/// *Cost*: O(n log n) for n architectures, about 0.4 s for each run and each ensemble of 15,625,
/// nearly all of it the bootstrap.
inline void write_report(const std::filesystem::path& folder, const Report& given) {
  const Report report = detail::with_valid_texts(given);
  detail::check_report(report);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw std::runtime_error(fmt::format("interchoice: {}: cannot make this folder: {}",
                                         folder.string(), error.message()));
  }
  const figures::ReportStatistics statistics = figures::report_statistics(report);
  const figures::ReportFigures drawings = figures::ReportFigures::of(report, statistics);
  write_file_atomically(folder / "report.html", figures::report_page(report, statistics, drawings));
  for (const auto& [name, drawing] : std::vector<std::pair<const char*, const std::string&>>{
           {"improvement.svg", drawings.improvement},
           {"correlation.svg", drawings.correlation},
           {"predictions.svg", drawings.predictions},
           {"training.svg", drawings.training},
           {"agreement.svg", drawings.agreement},
           {"self-consistency.svg", drawings.self_consistency}}) {
    if (!drawing.empty()) write_file_atomically(folder / name, drawing);
  }
  write_file_atomically(folder / "metrics.csv", figures::metrics_csv(report, statistics));
  write_file_atomically(folder / "metrics.json", figures::metrics_json(report, statistics));
  write_file_atomically(folder / "predictions.csv", figures::predictions_csv(report));
  write_file_atomically(folder / "curves.csv", figures::curves_csv(report));
}

}  // namespace interchoice
