#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/number_text.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_statistics.hpp"
#include "interchoice/report/specification.hpp"
#include "interchoice/stats/mean_and_standard_deviation.hpp"
#include "interchoice/stats/ranks.hpp"

namespace interchoice::figures {

/// Up to so many architectures a page shows all; of more the best and some of the others.
inline constexpr std::size_t kMostShown = 20'000;

/// The architectures that a page shows, by their numbers: all; or, of very many, the hundred best
/// by the truth and by each prediction, and of the others every k-th.
inline std::vector<std::size_t> shown_architectures(const Report& report,
                                                    const ReportStatistics& statistics) {
  const std::size_t all = report.architectures.size();
  std::set<std::size_t> shown;
  const auto add_best = [&](const std::vector<double>& values) {
    const std::vector<std::size_t> order = best_first(values);
    shown.insert(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(
                                                    std::min<std::size_t>(100, order.size())));
  };
  const std::size_t step = (all + kMostShown - 1) / kMostShown;
  for (std::size_t i = 0; i < all; i += step) shown.insert(i);
  if (step > 1) {
    add_best(report.truth);
    for (const PredictorStatistics& one : statistics.predictors) add_best(one.mean_prediction);
  }
  return {shown.begin(), shown.end()};
}

/// A column of the architectures' table: a field of the figures' data.
struct ArchitectureColumn {
  std::string field;  ///< `truth`, `p0`, `s0` (standard deviation over the runs), `p1`, …
  std::string title;
  std::vector<double> values;
  int decimals = 0;  ///< that tell the values apart
};

namespace detail {

/// None for whole numbers, else three significant digits of the range.
inline int decimals_of(const std::vector<double>& values) {
  const auto is_whole = [](double value) { return value == std::round(value); };
  if (std::ranges::all_of(values, is_whole)) return 0;
  const auto [low, high] = std::ranges::minmax(values);
  const double digits = std::floor(std::log10(high > low ? high - low : std::abs(high)));
  return static_cast<int>(std::clamp(2 - digits, 0.0, 9.0));
}

}  // namespace detail

/// The truth, and each predictor's prediction: of several runs the mean and the standard deviation.
inline std::vector<ArchitectureColumn> architecture_columns(const Report& report,
                                                            const ReportStatistics& statistics) {
  std::vector<ArchitectureColumn> columns;
  if (!report.truth.empty()) {
    columns.push_back({"truth", with_unit(report.truth_label, report.truth_unit), report.truth});
  }
  for (std::size_t p = 0; p < report.predictors.size(); ++p) {
    const Predictor& predictor = report.predictors[p];
    columns.push_back({"p" + std::to_string(p), with_unit(predictor.label, predictor.unit),
                       statistics.predictors[p].mean_prediction});
    if (predictor.runs.size() == 1) continue;
    ArchitectureColumn deviation{"s" + std::to_string(p), "± over runs", {}};
    for (const auto& point : mean_and_standard_deviation_curve(predictor.runs)) {
      deviation.values.push_back(point.standard_deviation);
    }
    columns.push_back(std::move(deviation));
  }
  for (ArchitectureColumn& column : columns) column.decimals = detail::decimals_of(column.values);
  return columns;
}

}  // namespace interchoice::figures
