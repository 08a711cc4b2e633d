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
#include "interchoice/report/vega_runtime.hpp"

namespace interchoice {

namespace detail {

/// The names and contents of a report's files, in the order in which they appear. What
/// `read_report` reads comes first; if only the first of the two arrives, the digest in it tells.
inline std::vector<std::pair<const char*, std::string>> report_files(const Report& report,
                                                                     const VegaRuntime& runtime) {
  const figures::ReportStatistics statistics = figures::report_statistics(report);
  const figures::ReportFigures figures = figures::ReportFigures::of(report, statistics);
  const std::string predictions = figures::predictions_csv(report);
  const auto text = [](const figures::Specification& figure) {
    return figure.empty() ? "" : figures::specification_text(figure);
  };
  std::vector<std::pair<const char*, std::string>> files = {
      {"metrics.json", figures::metrics_json(report, statistics, predictions)},
      {"predictions.csv", predictions},
      {"metrics.csv", figures::metrics_csv(report, statistics)},
      {"curves.csv", figures::curves_csv(report)},
      {"improvement.vl.json", text(figures.improvement)},
      {"correlation.vl.json", text(figures.correlation)},
      {"predictions.vl.json", text(figures.predictions)},
      {"training.vl.json", text(figures.training)},
      {"agreement.vl.json", text(figures.agreement)},
      {"self-consistency.vl.json", text(figures.self_consistency)},
      {"report.html", figures::report_page(report, statistics, figures, runtime)}};
  std::erase_if(files, [](const auto& file) { return file.second.empty(); });
  return files;
}

}  // namespace detail

/// Writes a report into a folder, which is made if it does not exist:
///
/// | file | holds |
/// | --- | --- |
/// | `report.html` | a conclusion, tables and figures to explore, in one file |
/// | `improvement.vl.json`, `correlation.vl.json`, `predictions.vl.json` | figures, as Vega-Lite |
/// | `training.vl.json` | likewise, if a predictor has a training |
/// | `agreement.vl.json`, `self-consistency.vl.json` | likewise, of runs that differ in their seed
/// | | `metrics.csv`, `metrics.json` | the qualities of the predictors | | `predictions.csv` |
/// every architecture's truth and predictions | | `curves.csv` | the curves of the figures |
///
/// Without a truth there is nothing that depends on one: no qualities, no curves.
///
/// Each file is written completely or not at all, and none gets its name before all are on the
/// disk. A writing that is interrupted leaves the old report; or the new one, some of whose figures
/// are still the old one's and can be made again from it; or, for an instant between the two files
/// that hold it, one that `read_report` refuses.
///
/// The same report gives the same bytes on every machine where the page's scripts are the same, and
/// so does `read_report` of the folder. Bytes of texts that are not UTF-8 become U+FFFD.
///
/// *Throws*: `std::invalid_argument` if the parts of the report do not fit each other: different
/// numbers of architectures and values, values that are not finite, no or equal labels, labels or
/// architectures that a spreadsheet would take for formulas;
/// `std::runtime_error` with path and reason if a file cannot be written.
///
/// *Cost*: O(n log n) for n architectures; nearly all of it are the bootstraps, one for each run
/// and each ensemble and two for each run beside the best.
inline void write_report(const std::filesystem::path& folder, const Report& given,
                         const VegaRuntime& runtime = VegaRuntime::installed()) {
  const Report report = detail::with_valid_texts(given);
  detail::check_report(report);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw std::runtime_error(fmt::format("interchoice: {}: cannot make this folder: {}",
                                         folder.string(), error.message()));
  }
  std::list<AtomicFile> written;
  for (const auto& [name, text] : detail::report_files(report, runtime)) {
    written.emplace_back(folder / name).write(text);
    written.back().flush();  // a full disk leaves what was there
  }
  for (AtomicFile& file : written) file.commit();
}

}  // namespace interchoice
