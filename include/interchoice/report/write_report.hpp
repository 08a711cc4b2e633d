#pragma once

#include <fmt/core.h>

#include <filesystem>
#include <list>
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

namespace detail {

/// The names and contents of a report's files, in the order in which they appear. What
/// `read_report` reads comes first; if only the first of the two arrives, the digest in it tells.
inline std::vector<std::pair<const char*, std::string>> report_files(const Report& report) {
  const figures::ReportStatistics statistics = figures::report_statistics(report);
  const figures::ReportFigures drawings = figures::ReportFigures::of(report, statistics);
  const std::string predictions = figures::predictions_csv(report);
  std::vector<std::pair<const char*, std::string>> files = {
      {"metrics.json", figures::metrics_json(report, statistics, predictions)},
      {"predictions.csv", predictions},
      {"metrics.csv", figures::metrics_csv(report, statistics)},
      {"curves.csv", figures::curves_csv(report)},
      {"improvement.svg", drawings.improvement},
      {"correlation.svg", drawings.correlation},
      {"predictions.svg", drawings.predictions},
      {"training.svg", drawings.training},
      {"agreement.svg", drawings.agreement},
      {"self-consistency.svg", drawings.self_consistency},
      {"report.html", figures::report_page(report, statistics, drawings)}};
  std::erase_if(files, [](const auto& file) { return file.second.empty(); });
  return files;
}

}  // namespace detail

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
/// Each file is written completely or not at all, and none gets its name before all are on the
/// disk. A writing that is interrupted leaves the old report; or the new one, some of whose figures
/// are still the old one's and can be drawn again from it; or, for an instant between the two files
/// that hold it, one that `read_report` refuses.
///
/// `training.svg` is written only if a predictor has a training, `agreement.svg` and
/// `self-consistency.svg` only if one that is no baseline has several runs. The same report gives
/// the same bytes on every machine, and so does `read_report` of the folder. Bytes of texts that
/// are not UTF-8 become U+FFFD.
///
/// *Throws*: `std::invalid_argument` if the parts of the report do not fit each other: different
/// numbers of architectures and values, values that are not finite, no or equal labels, labels or
/// architectures that a spreadsheet would take for formulas;
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
  std::list<AtomicFile> written;
  for (const auto& [name, text] : detail::report_files(report)) {
    written.emplace_back(folder / name).write(text);
    written.back().flush();  // a full disk leaves what was there
  }
  for (AtomicFile& file : written) file.commit();
}

}  // namespace interchoice
