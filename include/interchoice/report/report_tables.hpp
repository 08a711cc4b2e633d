#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/html.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_statistics.hpp"
#include "interchoice/report/shown_architectures.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/prediction_quality.hpp"
#include "interchoice/stats/ranks.hpp"

namespace interchoice::figures {

/// The text form of true values: with as many decimals as tell good architectures apart.
struct TruthFormat {
  int decimals = 2;
  std::string unit;

  /// The format for the true values of a report.
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

  /// A value without its unit.
  std::string number(double value) const { return fixed_text(value, decimals); }
  /// A value with its unit, if there is one.
  std::string with_unit(double value) const {
    return unit.empty() ? number(value) : fmt::format("{} {}", number(value), unit);
  }
};

namespace detail {

/// The columns of the table of qualities, after the label. Where predictions are equal, the numbers
/// are the expectation over their orders.
inline constexpr QualityMember kQualityColumns[] = {
    &PredictionQuality::kendall_tau_b, &PredictionQuality::pearson, &PredictionQuality::spearman,
    &PredictionQuality::best_mean_expected, &PredictionQuality::best_improvement_expected};

/// A row of the table of qualities; pointers are null where there are no such numbers.
struct QualityRow {
  std::string label;
  const PredictionQuality& mean;
  const PredictionQuality* standard_deviation = nullptr;
  const QualityIntervals* intervals = nullptr;
  std::size_t runs = 0;
  bool has_best_tau_b = false;  ///< beyond the noise
  bool has_best_improvement = false;
};

inline std::string interval_text(const ConfidenceInterval& interval) {
  return fmt::format("[{}, {}]", fixed_text(interval.low, 3), fixed_text(interval.high, 3));
}

inline std::vector<Cell> quality_cells(const QualityRow& row, const TruthFormat& format) {
  std::vector<Cell> cells = {
      {row.label, false, row.runs > 1 ? fmt::format("{} runs", row.runs) : ""}};
  for (const QualityMember column : kQualityColumns) {
    const bool is_tau_b = column == &PredictionQuality::kendall_tau_b;
    const bool is_mean = column == &PredictionQuality::best_mean_expected;
    const bool is_improvement = column == &PredictionQuality::best_improvement_expected;
    const auto number = [&](double value) {
      return is_mean ? format.number(value) : fixed_text(value, 3);
    };
    Cell cell{number(row.mean.*column)};
    cell.bold =
        is_tau_b ? row.has_best_tau_b : (is_mean || is_improvement) && row.has_best_improvement;
    if (row.standard_deviation != nullptr && std::isfinite(row.standard_deviation->*column)) {
      cell.text += " ± " + number(row.standard_deviation->*column);
    }
    if (row.intervals != nullptr && is_tau_b) {
      cell.detail = interval_text(row.intervals->kendall_tau_b);
    }
    if (row.intervals != nullptr && is_improvement) {
      cell.detail = interval_text(row.intervals->best_improvement);
    }
    cells.push_back(std::move(cell));
  }
  return cells;
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
  const TruthFormat format = TruthFormat::of(report);
  const auto leads = [](const std::optional<Leader>& leader, std::size_t i) {
    return leader && leader->predictor == i && !leader->leads.empty() && leader->is_clear();
  };
  RowGroup trained{"super-networks", {}};
  RowGroup baselines{"baselines, without training", {}};
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    const Predictor& predictor = report.predictors[i];
    const PredictorStatistics& numbers = statistics.predictors[i];
    RowGroup& group = predictor.baseline ? baselines : trained;
    group.rows.push_back(detail::quality_cells(
        {predictor.label, numbers.mean, &numbers.standard_deviation, &numbers.intervals,
         predictor.runs.size(), leads(statistics.best_tau_b, i),
         leads(statistics.best_improvement, i)},
        format));
    if (!numbers.ensemble) continue;
    group.rows.push_back(
        detail::quality_cells({detail::ensemble_label(predictor), *numbers.ensemble, nullptr,
                               &numbers.ensemble_intervals, 0},
                              format));
  }
  const PredictionQuality perfect = prediction_quality(report.truth, report.truth);
  const ImprovementCurve curve = improvement_curve(report.truth, report.truth);
  PredictionQuality chance;
  chance.best_mean_expected = curve.mean.back();
  chance.best_improvement_expected = curve.normalised.back();
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

/// The architectures with the best predictions of one predictor, and what all say of them. The
/// columns are those of the table's data.
inline Table best_table(const Report& report, const std::vector<ArchitectureColumn>& columns,
                        const std::vector<double>& predictions) {
  Table table{{"architecture"}, {{"", {}}}};
  for (const ArchitectureColumn& column : columns) table.header.push_back(column.title);
  const std::vector<std::size_t> order = best_first(predictions);
  for (std::size_t place = 0; place < std::min(kBestKept, order.size()); ++place) {
    std::vector<Cell> row = {{report.architectures[order[place]]}};
    for (const ArchitectureColumn& column : columns) {
      row.push_back({fixed_text(column.values[order[place]], column.decimals)});
    }
    table.groups.front().rows.push_back(std::move(row));
  }
  return table;
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
