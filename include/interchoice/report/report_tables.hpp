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

using QualityMember = double PredictionQuality::*;

/// The columns of the table of qualities, after the label.
inline constexpr QualityMember kQualityColumns[] = {
    &PredictionQuality::kendall_tau_b, &PredictionQuality::pearson, &PredictionQuality::spearman,
    &PredictionQuality::best_mean, &PredictionQuality::best_improvement};

inline std::vector<Cell> quality_row(const std::string& label, const PredictionQuality& quality,
                                     const PredictionQuality* best, const TruthFormat& format) {
  std::vector<Cell> row = {{label, false}};
  for (const QualityMember column : kQualityColumns) {
    const double value = quality.*column;
    const bool is_mean = column == &PredictionQuality::best_mean;
    std::string text = is_mean ? format.number(value) : fixed_text(value, 3);
    if (quality.tie_at_cut && (is_mean || column == &PredictionQuality::best_improvement)) {
      text += "†";
    }
    row.push_back({std::move(text), best != nullptr && value == best->*column});
  }
  return row;
}

/// The best of each column.
inline PredictionQuality best_of(const std::vector<PredictionQuality>& qualities) {
  PredictionQuality best = qualities.front();
  for (const PredictionQuality& quality : qualities) {
    for (const QualityMember column : kQualityColumns) {
      if (std::isnan(best.*column) || quality.*column > best.*column) {
        best.*column = quality.*column;
      }
    }
  }
  return best;
}

}  // namespace detail

/// The predictors' qualities, super-networks and trivial predictors apart, with what a random
/// choice and the truth itself would give.
inline Table quality_table(const Report& report, const std::vector<PredictionQuality>& qualities) {
  const PredictionQuality best = detail::best_of(qualities);
  const TruthFormat format = TruthFormat::of(report);
  RowGroup trained{"super-networks", {}};
  RowGroup trivial{"trivial predictors, without training", {}};
  for (std::size_t i = 0; i < qualities.size(); ++i) {
    RowGroup& group = report.predictors[i].trivial ? trivial : trained;
    group.rows.push_back(
        detail::quality_row(report.predictors[i].label, qualities[i], &best, format));
  }
  PredictionQuality perfect = prediction_quality(report.truth, report.truth);
  perfect.tie_at_cut = false;  // of equal truths either may count
  const ImprovementCurve curve = improvement_curve(report.truth, report.truth);
  PredictionQuality chance;
  chance.best_mean = curve.mean.back();
  chance.best_improvement = curve.normalised.back();
  RowGroup bounds{"for comparison", {}};
  bounds.rows.push_back(detail::quality_row("random choice, expected", chance, nullptr, format));
  bounds.rows.push_back(detail::quality_row("best possible", perfect, nullptr, format));

  const std::string kept = std::to_string(best.best_kept);
  const std::string unit = format.unit.empty() ? "" : " [" + format.unit + "]";
  Table table{{"predictor", "Kendall\nτ-b", "Pearson\nr", "Spearman\nρ",
               "mean of\nbest " + kept + unit, "improvement\nof best " + kept},
              {}};
  for (RowGroup* group : {&trained, &trivial, &bounds}) {
    if (!group->rows.empty()) table.groups.push_back(std::move(*group));
  }
  return table;
}

/// What the mark for ties in that table means; empty where there are none.
inline std::string ties_note(const Report& report,
                             const std::vector<PredictionQuality>& qualities) {
  const TruthFormat format = TruthFormat::of(report);
  std::string expected;
  for (std::size_t i = 0; i < qualities.size(); ++i) {
    if (!qualities[i].tie_at_cut) continue;
    expected += (expected.empty() ? "" : "; ") + report.predictors[i].label + " " +
                format.with_unit(qualities[i].best_mean_expected);
  }
  if (expected.empty()) return {};
  return "† Predictions are equal at the cut, so which architectures count among the best " +
         std::to_string(qualities.front().best_kept) +
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
