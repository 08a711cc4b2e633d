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
#include "interchoice/report/scatter_figure.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/prediction_quality.hpp"

namespace interchoice::figures {

/// A report's drawings, as `to_svg` returns them.
struct ReportFigures {
  std::string improvement;
  std::string correlation;
  std::string predictions;
  std::string training;  ///< empty if nothing was trained
};

namespace detail {

/// A column of the table of qualities: what it shows, and how precisely.
struct QualityColumn {
  double PredictionQuality::*value;
  int decimals;
};

inline constexpr QualityColumn kQualityColumns[] = {
    {&PredictionQuality::kendall_tau_b, 3},    {&PredictionQuality::pearson, 3},
    {&PredictionQuality::spearman, 3},         {&PredictionQuality::best_mean, 2},
    {&PredictionQuality::best_improvement, 3},
};

inline std::vector<Cell> quality_row(const std::string& label, const PredictionQuality& quality,
                                     const PredictionQuality* best) {
  std::vector<Cell> row = {{label, false}};
  for (const auto& [value, decimals] : kQualityColumns) {
    std::string text = fixed_text(quality.*value, decimals);
    const bool depends_on_ties =
        value == &PredictionQuality::best_mean || value == &PredictionQuality::best_improvement;
    if (depends_on_ties && quality.tie_at_cut) text += "†";
    row.push_back({std::move(text), best != nullptr && quality.*value == best->*value});
  }
  return row;
}

/// The best of each column.
inline PredictionQuality best_of(const std::vector<PredictionQuality>& qualities) {
  PredictionQuality best = qualities.front();
  for (const PredictionQuality& quality : qualities) {
    for (const auto& [value, decimals] : kQualityColumns) {
      if (std::isnan(best.*value) || quality.*value > best.*value) best.*value = quality.*value;
    }
  }
  return best;
}

inline Table quality_table(const Report& report, const std::vector<PredictionQuality>& qualities) {
  const PredictionQuality best = best_of(qualities);
  const std::string kept = std::to_string(best.best_kept);
  const std::string unit = report.truth_unit.empty() ? "" : " [" + report.truth_unit + "]";
  RowGroup trained{"super-networks", {}};
  RowGroup trivial{"trivial predictors, without training", {}};
  for (std::size_t i = 0; i < qualities.size(); ++i) {
    RowGroup& group = report.predictors[i].trivial ? trivial : trained;
    group.rows.push_back(quality_row(report.predictors[i].label, qualities[i], &best));
  }
  const ImprovementCurve oracle = improvement_curve(report.truth, report.truth);
  PredictionQuality perfect = prediction_quality(report.truth, report.truth);
  perfect.tie_at_cut = false;  // of equal truths either may count
  PredictionQuality chance;
  chance.best_mean = oracle.mean.back();
  RowGroup bounds{"for comparison", {}};
  bounds.rows.push_back(quality_row("random choice, expected", chance, nullptr));
  bounds.rows.push_back(quality_row("best possible", perfect, nullptr));

  Table table{{"predictor", "Kendall τ-b", "Pearson r", "Spearman ρ", "mean of best " + kept + unit,
               "improvement of best " + kept},
              {}};
  for (RowGroup* group : {&trained, &trivial, &bounds}) {
    if (!group->rows.empty()) table.groups.push_back(std::move(*group));
  }
  return table;
}

/// What is known about the predictors: a row for each, a column for each fact that any of them has.
inline Table predictor_facts_table(const std::vector<Predictor>& predictors) {
  Table table{{"predictor"}, {{"", {}}}};
  std::vector<std::string>& names = table.header;
  for (const Predictor& predictor : predictors) {
    for (const Fact& fact : predictor.facts) {
      if (std::find(names.begin() + 1, names.end(), fact.name) == names.end()) {
        names.push_back(fact.name);
      }
    }
  }
  for (const Predictor& predictor : predictors) {
    if (predictor.facts.empty()) continue;
    std::vector<Cell> row = {{predictor.label, false}};
    for (std::size_t column = 1; column < names.size(); ++column) {
      const auto fact = std::find_if(predictor.facts.begin(), predictor.facts.end(),
                                     [&](const Fact& one) { return one.name == names[column]; });
      row.push_back({fact == predictor.facts.end() ? "" : fact->value, false});
    }
    table.groups.front().rows.push_back(std::move(row));
  }
  return table;
}

inline std::string summary(const Report& report, const std::vector<PredictionQuality>& qualities) {
  const ImprovementCurve oracle = improvement_curve(report.truth, report.truth);
  const std::string unit = report.truth_unit.empty() ? "" : " " + report.truth_unit;
  const std::string kept = std::to_string(qualities.front().best_kept);
  return count_text(report.truth.size()) + " architectures. Ground truth: " + report.truth_label +
         ", mean " + fixed_text(oracle.mean.back(), 2) + unit + ", best " +
         fixed_text(oracle.mean.front(), 2) + unit + ". “Best " + kept + "” are the " + kept +
         " architectures with the highest predictions; their improvement is 0 if they are as good "
         "as all architectures together and 1 if they are as good as the single best. The best "
         "number of a column is bold.";
}

/// What the mark for ties means; empty where there are none.
inline std::string ties_note(const Report& report,
                             const std::vector<PredictionQuality>& qualities) {
  std::string expected;
  for (std::size_t i = 0; i < qualities.size(); ++i) {
    if (!qualities[i].tie_at_cut) continue;
    expected += (expected.empty() ? "" : "; ") + report.predictors[i].label + " " +
                fixed_text(qualities[i].best_mean_expected, 2);
  }
  if (expected.empty()) return {};
  return "† Predictions are equal at the cut, so which architectures count among the best " +
         std::to_string(qualities.front().best_kept) +
         " rests on the order of the input alone. Expected mean over all orders of the equal "
         "ones: " +
         expected + (report.truth_unit.empty() ? "." : " " + report.truth_unit + ".");
}

inline std::string prediction_caption(const Report& report) {
  std::string caption = "Ground truth against prediction";
  if (report.truth.size() > kMostSinglePoints) {
    caption += ". All " + count_text(report.truth.size()) +
               " architectures are counted in small squares: the darker a square, the more "
               "architectures (1, up to 3, 10, 30, 100, more).";
  } else {
    caption += ", a point for each architecture.";
  }
  return caption;
}

}  // namespace detail

/// The report as an HTML page.
inline std::string report_page(const Report& report, const ReportFigures& figures) {
  std::vector<PredictionQuality> qualities;
  for (const Predictor& predictor : report.predictors) {
    qualities.push_back(prediction_quality(predictor.values, report.truth));
  }
  const std::string kept = std::to_string(qualities.front().best_kept);

  HtmlPage page(report.title);
  page.paragraphs(report.introduction);
  page.heading("How well the predictions rank");
  page.table(detail::quality_table(report, qualities));
  page.note(detail::summary(report, qualities));
  if (const std::string note = detail::ties_note(report, qualities); !note.empty()) {
    page.note(note);
  }
  page.figure(figures.improvement,
              "Improvement: mean ground truth of the architectures that are left when those with "
              "the worst predictions are removed, from all (left) down to " +
                  kept +
                  " (right). Equal predictions keep the order of the input. “Best possible” "
                  "removes by the ground truth itself.");
  page.figure(figures.correlation,
              "Kendall's τ-b between prediction and ground truth among the architectures that are "
              "left when the truly worst are removed: how well a predictor orders good "
              "architectures.");
  page.figure(figures.predictions, detail::prediction_caption(report));
  if (!figures.training.empty()) {
    page.figure(figures.training,
                "Training of the super-networks: loss and accuracy over the "
                "epochs.");
  }
  const Table facts = detail::predictor_facts_table(report.predictors);
  if (facts.header.size() > 1) {
    page.heading("The predictors");
    page.table(facts);
  }
  if (!report.facts.empty()) {
    page.heading("Where the numbers come from");
    std::vector<std::pair<std::string, std::string>> entries;
    for (const Fact& fact : report.facts) entries.emplace_back(fact.name, fact.value);
    page.definitions(entries);
  }
  page.heading("The numbers as files");
  page.links({{"metrics.csv", "the first table"},
              {"metrics.json", "the same with facts, training and each predictor's best"},
              {"predictions.csv", "every architecture's ground truth and predictions"},
              {"curves.csv", "the curves of the first two figures"}});
  return std::move(page).finish();
}

}  // namespace interchoice::figures
