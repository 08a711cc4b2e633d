#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
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

/// How true values are written: with as many decimals as tell good architectures apart.
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
    return number(value) + (unit.empty() ? "" : " " + unit);
  }
};

namespace detail {

/// The columns of the table of qualities, after the label.
inline constexpr QualityMember kQualityColumns[] = {
    &PredictionQuality::kendall_tau_b, &PredictionQuality::pearson, &PredictionQuality::spearman,
    &PredictionQuality::best_mean, &PredictionQuality::best_improvement};

/// What a row of the table of qualities shows; pointers are null where there is nothing of it.
struct QualityRow {
  std::string label;
  const PredictionQuality& mean;
  const PredictionQuality* deviation = nullptr;
  const QualityIntervals* intervals = nullptr;
  std::size_t runs = 0;
};

/// How the rows of one table are written.
struct RowFormat {
  TruthFormat truth;
  PredictionQuality best;  // of each column
};

inline std::string interval_text(const ConfidenceInterval& interval) {
  return "[" + fixed_text(interval.low, 3) + ", " + fixed_text(interval.high, 3) + "]";
}

inline std::vector<Cell> quality_cells(const QualityRow& row, const RowFormat& format) {
  std::vector<Cell> cells = {
      {row.label, false, row.runs > 1 ? std::to_string(row.runs) + " runs" : ""}};
  for (const QualityMember column : kQualityColumns) {
    const bool is_mean = column == &PredictionQuality::best_mean;
    const bool is_improvement = column == &PredictionQuality::best_improvement;
    const auto number = [&](double value) {
      return is_mean ? format.truth.number(value) : fixed_text(value, 3);
    };
    const double value = row.mean.*column;
    Cell cell{number(value), row.intervals != nullptr && value == format.best.*column};
    if (row.deviation != nullptr && std::isfinite(row.deviation->*column)) {
      cell.text += " ± " + number(row.deviation->*column);
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
    for (const QualityMember column : kQualityColumns) {
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
  return std::any_of(report.predictors.begin(), report.predictors.end(),
                     [](const Predictor& predictor) { return predictor.runs.size() > 1; });
}

inline std::string ensemble_label(const Predictor& predictor) {
  return predictor.label + ", ensemble of " + std::to_string(predictor.runs.size());
}

}  // namespace detail

/// The predictors' qualities, super-networks and trivial predictors apart, with what a random
/// choice and the truth itself would give. Of several runs mean ± deviation, and in a row of its
/// own the quality of the mean of their predictions.
inline Table quality_table(const Report& report, const ReportStatistics& statistics) {
  const detail::RowFormat format{TruthFormat::of(report), detail::best_of(statistics.predictors)};
  RowGroup trained{"super-networks", {}};
  RowGroup trivial{"trivial predictors, without training", {}};
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    const Predictor& predictor = report.predictors[i];
    const PredictorStatistics& numbers = statistics.predictors[i];
    RowGroup& group = predictor.trivial ? trivial : trained;
    group.rows.push_back(detail::quality_cells({predictor.label, numbers.mean, &numbers.deviation,
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

  const std::string kept = std::to_string(perfect.best_kept);
  const std::string& unit = format.truth.unit;
  Table table{{"predictor"}, {}};
  for (std::string name :
       {std::string("Kendall\nτ-b"), std::string("Pearson\nr"), std::string("Spearman\nρ"),
        "mean of\nbest " + kept + (unit.empty() ? "" : " [" + unit + "]"),
        "improvement\nof best " + kept}) {
    table.header.push_back(std::move(name));
  }
  for (RowGroup* group : {&trained, &trivial, &bounds}) {
    if (!group->rows.empty()) table.groups.push_back(std::move(*group));
  }
  return table;
}

/// How far super-networks that differ in their seed agree: the paper's table 2. No rows if nothing
/// was trained twice.
inline Table consistency_table(const Report& report, const ReportStatistics& statistics) {
  Table table{{"super-networks", "pairs\nof runs", "Kendall\nτ-b", "Pearson\nr", "Spearman\nρ"},
              {{"", {}}}};
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    const auto& consistency = statistics.predictors[i].consistency;
    if (!consistency || report.predictors[i].trivial) continue;
    table.groups.front().rows.push_back({{report.predictors[i].label, false},
                                         {std::to_string(consistency->pairs), false},
                                         {fixed_text(consistency->kendall_tau_b, 3), false},
                                         {fixed_text(consistency->pearson, 3), false},
                                         {fixed_text(consistency->spearman, 3), false}});
  }
  return table;
}

/// What the mark for ties in the table of qualities means; empty where there are none.
inline std::string ties_note(const Report& report, const ReportStatistics& statistics) {
  const TruthFormat format = TruthFormat::of(report);
  std::string expected;
  const auto add = [&](const std::string& label, const PredictionQuality& quality) {
    if (!quality.tie_at_cut) return;
    expected +=
        (expected.empty() ? "" : "; ") + label + " " + format.with_unit(quality.best_mean_expected);
  };
  for (std::size_t i = 0; i < report.predictors.size(); ++i) {
    add(report.predictors[i].label, statistics.predictors[i].mean);
    if (!statistics.predictors[i].ensemble) continue;
    add(detail::ensemble_label(report.predictors[i]), *statistics.predictors[i].ensemble);
  }
  if (expected.empty()) return {};
  return "† Predictions are equal at the cut" +
         std::string(detail::has_several_runs(report) ? " (in at least one run)" : "") +
         ", so which architectures count among the best " +
         std::to_string(statistics.predictors.front().mean.best_kept) +
         " rests on the order of the input alone. Expected mean over all orders of the equal "
         "ones: " +
         expected + ".";
}

/// What is known about the predictors: a row for each, a column for each fact that any of them has.
inline Table predictor_facts_table(const std::vector<Predictor>& predictors) {
  std::vector<std::string> names = {"predictor"};
  for (const Predictor& predictor : predictors) {
    for (const Fact& fact : predictor.facts) {
      if (std::find(names.begin() + 1, names.end(), fact.name) == names.end()) {
        names.push_back(fact.name);
      }
    }
  }
  RowGroup group;
  for (const Predictor& predictor : predictors) {
    if (predictor.facts.empty()) continue;
    std::vector<Cell> row = {{predictor.label, false}};
    for (std::size_t column = 1; column < names.size(); ++column) {
      const auto fact = std::find_if(predictor.facts.begin(), predictor.facts.end(),
                                     [&](const Fact& one) { return one.name == names[column]; });
      row.push_back({fact == predictor.facts.end() ? "" : fact->value, false});
    }
    group.rows.push_back(std::move(row));
  }
  return {std::move(names), {std::move(group)}};
}

}  // namespace interchoice::figures
