#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/conclusion.hpp"
#include "interchoice/report/html.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_figures.hpp"
#include "interchoice/report/report_statistics.hpp"
#include "interchoice/report/report_tables.hpp"
#include "interchoice/report/shown_architectures.hpp"
#include "interchoice/report/static_picture.hpp"
#include "interchoice/report/vega_runtime.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/prediction_quality.hpp"

namespace interchoice::figures {

/// A report's figures; null where there is nothing to show.
struct ReportFigures {
  Specification improvement;
  Specification correlation;
  Specification predictions;
  Specification training;
  Specification agreement;
  Specification self_consistency;

  /// The figures of a report.
  static ReportFigures of(const Report& report, const ReportStatistics& statistics) {
    ReportFigures figures;
    if (!report.truth.empty()) {
      figures.improvement = improvement_grid({{{&report}}}, {.panel_height = 300});
      figures.correlation = correlation_grid({{{&report}}});
    }
    figures.predictions = prediction_figure(report, statistics);
    figures.training = training_figure(report);
    figures.agreement = agreement_figure(report);
    figures.self_consistency = self_consistency_figure(report);
    return figures;
  }
};

namespace detail {

inline std::string quality_note(const Report& report, std::size_t best_kept) {
  const ImprovementCurve best = improvement_curve(report.truth, report.truth);
  const TruthFormat format = TruthFormat::of(report);
  return fmt::format(
      "{0} architectures. Ground truth: {1}, mean {2}, best {3}. “Best {4}” are the {4} "
      "architectures with the highest predictions; their improvement is 0 if they are as good as "
      "all architectures together and 1 if they are as good as the single best. Where predictions "
      "are equal, these numbers are the expectation over their orders.",
      count_text(report.truth.size()), report.truth_label, format.with_unit(best.mean.back()),
      format.with_unit(best.mean.front()), best_kept);
}

inline std::string interval_note(const Report& report, std::uint32_t resamples) {
  return fmt::format(
      "Bold: better than every other predictor's beyond the noise, of τ-b and of the best{}. In "
      "brackets: 95 % bootstrap intervals of {} resamples of {}",
      has_several_runs(report) ? ", means over runs compared" : "", count_text(resamples),
      has_several_runs(report)
          ? "runs and architectures (of architectures alone where there is one run or an "
            "ensemble). "
            "± is the sample standard deviation over the runs; both are rough for few runs. An "
            "ensemble predicts the mean of its runs' predictions."
          : "the architectures; what another seed would give is not in them.");
}

inline std::string noise_note(const Report& report, const NoiseCeiling& noise) {
  return fmt::format(
      "Noise of the truth: it was measured {} times. Kendall's τ-b is {} between two of the "
      "measurements and {} between one and the mean of the others. A prediction as good as another "
      "measurement would reach the first against a single one.",
      report.truth_repeats.size(), fixed_text(noise.between_two, 3),
      fixed_text(noise.with_rest, 3));
}

/// The meaning of the bands of a figure; empty where there are none.
inline std::string band_caption(const Report& report) {
  return has_several_runs(report)
             ? " Of several runs, the mean with one standard deviation to either side."
             : "";
}

inline std::string improvement_caption(std::size_t architectures) {
  return fmt::format(
      "Improvement: mean ground truth of the architectures that are left when those with the worst "
      "predictions are removed, from all (left) down to {} (right). “Best possible” removes by the "
      "ground truth itself.",
      last_count(architectures, kBestKept));
}

inline std::string prediction_caption(const Report& report, std::size_t shown) {
  std::string text = "Ground truth against prediction, a point for each architecture.";
  if (shown < report.architectures.size()) {
    text += fmt::format(
        " {} of {} are shown: the best by each column, and of the others every k-th; "
        "predictions.csv has all.",
        count_text(shown), count_text(report.architectures.size()));
  }
  if (has_several_runs(report)) {
    text += " Of several runs, the mean of their predictions (the ensemble) and its τ-b.";
  }
  return text;
}

/// The best architectures as a table, all for the script that makes it one to explore, and the
/// figure that is linked to it.
inline void add_architectures(HtmlPage& page, const Report& report,
                              const ReportStatistics& statistics, const ReportFigures& figures) {
  const std::vector<ArchitectureColumn> columns = architecture_columns(report, statistics);
  const std::size_t leading = leading_predictor(report, statistics);
  const std::string field = fmt::format("p{}", leading);
  page.heading("The best architectures");
  page.table(best_table(report, columns, statistics.predictors[leading].mean_prediction),
             "architectures");
  page.note(
      fmt::format("By the prediction of {}, the best first.", report.predictors[leading].label));
  Specification data = {{"columns", list_of({{"field", "arch"}, {"title", "architecture"}})},
                        {"rows", Specification::array()}};
  for (const ArchitectureColumn& column : columns) {
    if (column.field == field) data["sort"] = data["columns"].size();
    data["columns"].push_back(
        {{"field", column.field}, {"title", column.title}, {"decimals", column.decimals}});
  }
  const std::vector<std::size_t> shown = shown_architectures(report, statistics);
  for (const std::size_t i : shown) {
    Specification row = list_of(report.architectures[i]);
    for (const ArchitectureColumn& column : columns) row.push_back(shown_number(column.values[i]));
    data["rows"].push_back(std::move(row));
  }
  page.data("architecture-data", data);
  if (report.truth.empty()) return;
  page.hint(
      "Point at a mark to see its architecture. Drag over points to mark these architectures "
      "everywhere and list only them in the table; a click beside them ends it. Ctrl and wheel "
      "zoom, a double click shows all again. In the figures below, a click in the key shows one "
      "series, further clicks add others, and dragging moves.");
  Specification figure = figures.predictions;
  figure.erase("datasets");  // the table's data are these
  page.figure("predictions", figure, prediction_caption(report, shown.size()));
  std::vector<double> predictions, truth;
  const std::size_t step = 1 + shown.size() / 1000;
  for (std::size_t i = 0; i < shown.size(); i += step) {
    predictions.push_back(statistics.predictors[leading].mean_prediction[shown[i]]);
    truth.push_back(report.truth[shown[i]]);
  }
  const Predictor& predictor = report.predictors[leading];
  page.static_picture(
      static_scatter(predictions, with_unit("prediction of " + predictor.label, predictor.unit),
                     truth, with_unit(report.truth_label, report.truth_unit)),
      "The figures of this page are drawn by scripts, which do not run here.");
}

inline void add_consistency(HtmlPage& page, const Report& report,
                            const ReportStatistics& statistics, const ReportFigures& figures) {
  page.heading("How far runs agree with each other");
  page.table(consistency_table(report, statistics));
  page.note(
      "Mean correlation of every two runs that differ in their seed only. Runs that agree can be "
      "wrong together.");
  page.figure("agreement", figures.agreement,
              "Kendall's τ-b between the predictions of every two super-networks: blue for "
              "agreement, vermilion for opposite orders.");
  page.figure("self-consistency", figures.self_consistency,
              fmt::format("Predictions of one run against those of another, of each "
                          "super-network's first {} runs. On the line they are equal.",
                          kMostRunsCompared));
}

inline void add_qualities(HtmlPage& page, const Report& report, const ReportStatistics& statistics,
                          const ReportFigures& figures) {
  page.heading("How well the predictions rank");
  page.table(quality_table(report, statistics));
  page.note(quality_note(report, statistics.predictors.front().mean.best_kept));
  page.note(interval_note(report, statistics.resamples));
  if (statistics.noise) page.note(noise_note(report, *statistics.noise));
  page.figure("improvement", figures.improvement,
              improvement_caption(report.truth.size()) + band_caption(report));
  page.figure("correlation", figures.correlation,
              "Kendall's τ-b between prediction and ground truth among the architectures that are "
              "left when the truly worst are removed: how well a predictor orders good "
              "architectures." +
                  band_caption(report));
}

}  // namespace detail

/// The report as an HTML page.
inline std::string report_page(const Report& report, const ReportStatistics& statistics,
                               const ReportFigures& figures, const VegaRuntime& runtime) {
  HtmlPage page(report.title);
  page.conclusion(conclusion(report, statistics));
  page.paragraphs(report.introduction);
  detail::add_architectures(page, report, statistics, figures);
  if (!report.truth.empty()) detail::add_qualities(page, report, statistics, figures);
  if (has_seeds(report)) detail::add_consistency(page, report, statistics, figures);
  if (!figures.training.empty()) {
    page.heading("Training");
    page.figure("training", figures.training,
                has_seeds(report)
                    ? "Loss and accuracy over the epochs of each super-network's first run."
                    : "Loss and accuracy over the epochs.");
  }
  if (const Table facts = predictor_facts_table(report.predictors); facts.header.size() > 1) {
    page.heading("The predictors");
    page.table(facts);
  }
  if (!report.facts.empty()) {
    page.heading("Where the numbers come from");
    page.definitions(report.facts);
  }
  page.heading("The numbers as files");
  page.links({{"metrics.csv", "the table of qualities"},
              {"metrics.json", "the same with facts, training and each predictor's best"},
              {"predictions.csv", "every architecture's ground truth and predictions"}});
  page.note(
      "Each figure is a Vega-Lite specification beside this page (NAME.vl.json), for Altair and "
      "editors.");
  return std::move(page).finish(runtime);
}

}  // namespace interchoice::figures
