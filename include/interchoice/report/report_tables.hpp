#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/html.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_statistics.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/prediction_quality.hpp"

namespace interchoice::figures {

/// The text form of true values: with as many decimals as tell good architectures apart.
struct TruthFormat {
  int decimals = 2;
  std::string unit;

  static TruthFormat of(const Report& report) {
    const ImprovementCurve best = improvement_curve(report.truth, report.truth);
    const double possible_gain = best.mean.front() - best.mean.back();
    TruthFormat format{2, report.truth_unit};
    if (!std::isnan(best.normalised.back())) {
      const int first_digit = static_cast<int>(std::floor(std::log10(possible_gain)));
      format.decimals = std::clamp(1 - first_digit, possible_gain < 100 ? 2 : 0, 12);
    }
    return format;
  }

  std::string number(double value) const { return fixed_text(value, decimals); }
  std::string with_unit(double value) const {
    return unit.empty() ? number(value) : fmt::format("{} {}", number(value), unit);
  }
};

namespace detail {

/// The columns of the table of qualities, after the label: all but the last.
inline constexpr auto kQualityColumns = std::span(kAveragedQualities).first<5>();

/// A row of the table of qualities; pointers are null where there are no such numbers.
struct QualityRow {
  std::string label;
  const PredictionQuality& mean;
  const PredictionQuality* standard_deviation = nullptr;
  const QualityIntervals* intervals = nullptr;
  std::size_t runs = 0;
};

/// The format of the rows of one table.
struct RowFormat {
  TruthFormat truth;
  PredictionQuality best;  // of each column
};

inline std::string interval_text(const ConfidenceInterval& interval) {
  return fmt::format("[{}, {}]", fixed_text(interval.low, 3), fixed_text(interval.high, 3));
}

inline std::vector<Cell> quality_cells(const QualityRow& row, const RowFormat& format) {
  std::vector<Cell> cells = {
      {row.label, false, row.runs > 1 ? fmt::format("{} runs", row.runs) : ""}};
  for (const auto& [name, column] : kQualityColumns) {
    const bool is_mean = column == &PredictionQuality::best_mean;
    const bool is_improvement = column == &PredictionQuality::best_improvement;
    const auto number = [&](double value) {
      return is_mean ? format.truth.number(value) : fixed_text(value, 3);
    };
    const double value = row.mean.*column;
    Cell cell{number(value), row.intervals != nullptr && value == format.best.*column};
    if (row.standard_deviation != nullptr && std::isfinite(row.standard_deviation->*column)) {
      cell.text += " ± " + number(row.standard_deviation->*column);
    }
    if (row.mean.tie_at_cut && (is_mean || is_improvement)) cell.text += "†";
    if (row.intervals != nullptr && column == &PredictionQuality::kendall_tau_b) {
      cell.detail = interval_text(row.intervals->kendall_tau_b);
    }
    if (row.intervals != nullptr && is_improvement) {
      cell.detail = interval_text(row.intervals->best_improvement);
    }
    cells.push_back(std::move(cell));
  }
  return cells;
}

/// The best of each column.
inline PredictionQuality best_of(const std::vector<PredictorStatistics>& predictors) {
  PredictionQuality best = predictors.front().mean;
  for (const PredictorStatistics& predictor : predictors) {
    for (const auto& [name, column] : kQualityColumns) {
      for (const PredictionQuality& quality :
           {predictor.mean, predictor.ensemble.value_or(predictor.mean)}) {
        if (std::isnan(best.*column) || quality.*column > best.*column) {
          best.*column = quality.*column;
        }
      }
    }
  }
  return best;
}

inline bool has_several_runs(const Report& report) {
  return std::ranges::any_of(report.predictors,
                             [](const Predictor& predictor) { return predictor.runs.size() > 1; });
}

inline std::string ensemble_label(const Predictor& predictor) {
  return fmt::format("{}, ensemble of {}", predictor.label, predictor.runs.size());
}

}  // namespace detail

/// The predictors' qualities, super-networks and baselines apart, with those of a random choice and
/// of the truth itself. Of several runs mean ± standard deviation, and in a row of its own the
/// quality of the mean of their predictions.
inline Table quality_table(const Report& report, const ReportStatistics& statistics) {
  const detail::RowFormat format{TruthFormat::of(report), detail::best_of(statistics.predictors)};
  RowGroup trained{"super-networks", {}};
  RowGroup baselines{"baselines, without training", {}};
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    const Predictor& predictor = report.predictors[i];
    const PredictorStatistics& numbers = statistics.predictors[i];
    RowGroup& group = predictor.baseline ? baselines : trained;
    group.rows.push_back(
        detail::quality_cells({predictor.label, numbers.mean, &numbers.standard_deviation,
                               &numbers.intervals, predictor.runs.size()},
                              format));
    if (!numbers.ensemble) continue;
    group.rows.push_back(
        detail::quality_cells({detail::ensemble_label(predictor), *numbers.ensemble, nullptr,
                               &numbers.ensemble_intervals, 0},
                              format));
  }
  PredictionQuality perfect = prediction_quality(report.truth, report.truth);
  perfect.tie_at_cut = false;  // of equal truths either may count
  const ImprovementCurve curve = improvement_curve(report.truth, report.truth);
  PredictionQuality chance;
  chance.best_mean = curve.mean.back();
  chance.best_improvement = curve.normalised.back();
  RowGroup bounds{"for comparison", {}};
  bounds.rows.push_back(detail::quality_cells({"random choice, expected", chance}, format));
  bounds.rows.push_back(detail::quality_cells({"best possible", perfect}, format));

  const std::string kept = fmt::format("best {}", perfect.best_kept);
  Table table{{"predictor", "Kendall\nτ-b", "Pearson\nr", "Spearman\nρ",
               "mean of\n" + with_unit(kept, report.truth_unit), "improvement\nof " + kept},
              {}};
  for (RowGroup* group : {&trained, &baselines, &bounds}) {
    if (!group->rows.empty()) table.groups.push_back(std::move(*group));
  }
  return table;
}

/// The agreement of super-networks that differ in their seed: the paper's table 2. No rows if
/// nothing was trained twice.
inline Table consistency_table(const Report& report, const ReportStatistics& statistics) {
  Table table{{"super-networks", "pairs\nof runs", "Kendall\nτ-b", "Pearson\nr", "Spearman\nρ"},
              {{"", {}}}};
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    const auto& consistency = statistics.predictors[i].consistency;
    if (!consistency || report.predictors[i].baseline) continue;
    table.groups.front().rows.push_back({{report.predictors[i].label},
                                         {fmt::format("{}", consistency->pairs)},
                                         {fixed_text(consistency->kendall_tau_b, 3)},
                                         {fixed_text(consistency->pearson, 3)},
                                         {fixed_text(consistency->spearman, 3)}});
  }
  return table;
}

/// The meaning of the mark for ties in the table of qualities; empty where there are none.
inline std::string ties_note(const Report& report, const ReportStatistics& statistics) {
  const TruthFormat format = TruthFormat::of(report);
  std::string expected;
  const auto add = [&](const std::string& label, const PredictionQuality& quality) {
    if (!quality.tie_at_cut) return;
    expected += fmt::format("{}{} {}", expected.empty() ? "" : "; ", label,
                            format.with_unit(quality.best_mean_expected));
  };
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    add(report.predictors[i].label, statistics.predictors[i].mean);
    if (!statistics.predictors[i].ensemble) continue;
    add(detail::ensemble_label(report.predictors[i]), *statistics.predictors[i].ensemble);
  }
  if (expected.empty()) return {};
  return fmt::format(
      "† Predictions are equal at the cut{}, so which architectures count among the best {} rests "
      "on "
      "the order of the input alone. Expected mean over all orders of the equal ones: {}.",
      detail::has_several_runs(report) ? " (in at least one run)" : "",
      statistics.predictors.front().mean.best_kept, expected);
}

/// The facts of the predictors: a row for each, a column for each fact that any of them has.
inline Table predictor_facts_table(const std::vector<Predictor>& predictors) {
  std::vector<std::string> names = {"predictor"};
  for (const Predictor& predictor : predictors) {
    for (const auto& [name, text] : predictor.facts) {
      if (std::find(names.begin() + 1, names.end(), name) == names.end()) names.push_back(name);
    }
  }
  RowGroup group;
  for (const Predictor& predictor : predictors) {
    if (predictor.facts.empty()) continue;
    std::vector<Cell> row = {{predictor.label}};
    for (std::size_t column = 1; column < names.size(); ++column) {
      const std::string* const fact = predictor.facts.find(names[column]);
      row.push_back({fact == nullptr ? "" : *fact});
    }
    group.rows.push_back(std::move(row));
  }
  return {std::move(names), {std::move(group)}};
}

}  // namespace interchoice::figures
