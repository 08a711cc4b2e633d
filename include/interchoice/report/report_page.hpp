#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/html.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_figures.hpp"
#include "interchoice/report/report_tables.hpp"
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

inline std::string quality_note(const Report& report, std::size_t best_kept) {
  const ImprovementCurve best = improvement_curve(report.truth, report.truth);
  const TruthFormat format = TruthFormat::of(report);
  const std::string kept = std::to_string(best_kept);
  return count_text(report.truth.size()) + " architectures. Ground truth: " + report.truth_label +
         ", mean " + format.with_unit(best.mean.back()) + ", best " +
         format.with_unit(best.mean.front()) + ". “Best " + kept + "” are the " + kept +
         " architectures with the highest predictions; their improvement is 0 if they are as good "
         "as all architectures together and 1 if they are as good as the single best. The best "
         "number of a column is bold.";
}

inline std::string improvement_caption(std::size_t architectures) {
  return "Improvement: mean ground truth of the architectures that are left when those with the "
         "worst predictions are removed, from all (left) down to " +
         std::to_string(fewest_shown(architectures)) +
         " (right). Equal predictions keep the order of the input. “Best possible” removes by the "
         "ground truth itself.";
}

inline std::string prediction_caption(std::size_t architectures) {
  if (architectures <= kMostSinglePoints) {
    return "Ground truth against prediction, a point for each architecture.";
  }
  return "Ground truth against prediction. All " + count_text(architectures) +
         " architectures are counted in small squares: the darker a square, the more architectures "
         "(1, up to 3, 10, 30, 100, more).";
}

}  // namespace detail

/// The report as an HTML page.
inline std::string report_page(const Report& report, const ReportFigures& figures) {
  const std::size_t architectures = report.truth.size();
  std::vector<PredictionQuality> qualities;
  for (const Predictor& predictor : report.predictors) {
    qualities.push_back(prediction_quality(predictor.values, report.truth));
  }

  HtmlPage page(report.title);
  page.paragraphs(report.introduction);
  page.heading("How well the predictions rank");
  page.table(quality_table(report, qualities));
  page.note(detail::quality_note(report, qualities.front().best_kept));
  if (const std::string note = ties_note(report, qualities); !note.empty()) page.note(note);
  page.figure(figures.improvement, detail::improvement_caption(architectures));
  page.figure(figures.correlation,
              "Kendall's τ-b between prediction and ground truth among the architectures that are "
              "left when the truly worst are removed: how well a predictor orders good "
              "architectures.");
  page.figure(figures.predictions, detail::prediction_caption(architectures));
  if (!figures.training.empty()) {
    page.figure(figures.training, "Training: loss and accuracy over the epochs.");
  }
  if (const Table facts = predictor_facts_table(report.predictors); facts.header.size() > 1) {
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
