#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "interchoice/report/html.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/report/report.hpp"
#include "interchoice/report/report_figures.hpp"
#include "interchoice/report/report_statistics.hpp"
#include "interchoice/report/report_tables.hpp"
#include "interchoice/stats/improvement.hpp"
#include "interchoice/stats/prediction_quality.hpp"

namespace interchoice::figures {

/// A report's drawings, as `to_svg` returns them.
struct ReportFigures {
  std::string improvement;
  std::string correlation;
  std::string predictions;
  std::string training;          ///< empty if nothing was trained
  std::string agreement;         ///< empty if nothing was trained twice
  std::string self_consistency;  ///< likewise

  static ReportFigures of(const Report& report, const ReportStatistics& statistics) {
    return {improvement_figure(report),
            correlation_figure(report),
            prediction_figure(report, statistics),
            training_figure(report),
            agreement_figure(report),
            self_consistency_figure(report)};
  }
};

namespace detail {

inline std::string quality_note(const Report& report, std::size_t best_kept) {
  const ImprovementCurve best = improvement_curve(report.truth, report.truth);
  const TruthFormat format = TruthFormat::of(report);
  return fmt::format(
      "{0} architectures. Ground truth: {1}, mean {2}, best {3}. “Best {4}” are the {4} "
      "architectures with the highest predictions; their improvement is 0 if they are as good as "
      "all architectures together and 1 if they are as good as the single best. The best number of "
      "a column is bold.",
      count_text(report.truth.size()), report.truth_label, format.with_unit(best.mean.back()),
      format.with_unit(best.mean.front()), best_kept);
}

inline std::string interval_note(const Report& report, std::uint32_t resamples) {
  return fmt::format(
      "In brackets: 95 % bootstrap intervals of {} resamples of {}", count_text(resamples),
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
      "predictions are removed, from all (left) down to {} (right). Equal predictions keep the "
      "order of the input. “Best possible” removes by the ground truth itself.",
      last_count(architectures, kBestKept));
}

inline std::string prediction_caption(const Report& report) {
  const std::size_t architectures = report.truth.size();
  const std::string mean =
      has_several_runs(report)
          ? " Of several runs, the mean of their predictions (the ensemble) and its τ-b."
          : "";
  if (has_single_points(architectures, report.predictors.size())) {
    return "Ground truth against prediction, a point for each architecture." + mean;
  }
  return fmt::format(
      "Ground truth against prediction. All {} architectures are counted in small squares: the "
      "darker a square, the more architectures (1, up to 3, 10, 30, 100, more).{}",
      count_text(architectures), mean);
}

inline void add_consistency(HtmlPage& page, const Report& report,
                            const ReportStatistics& statistics, const ReportFigures& figures) {
  page.heading("How far runs agree with each other");
  page.table(consistency_table(report, statistics));
  page.note(
      "Mean correlation of every two runs that differ in their seed only. Runs that agree can be "
      "wrong together.");
  page.figure(figures.agreement,
              "Kendall's τ-b between the predictions of every two super-networks: blue for "
              "agreement, vermilion for opposite orders.");
  page.figure(figures.self_consistency,
              fmt::format("Predictions of one run against those of another, of each "
                          "super-network's first {} runs. On the line they are equal.",
                          kMostRunsCompared));
}

}  // namespace detail

/// The report as an HTML page.
inline std::string report_page(const Report& report, const ReportStatistics& statistics,
                               const ReportFigures& figures) {
  HtmlPage page(report.title);
  page.paragraphs(report.introduction);
  page.heading("How well the predictions rank");
  page.table(quality_table(report, statistics));
  page.note(detail::quality_note(report, statistics.predictors.front().mean.best_kept));
  if (const std::string note = ties_note(report, statistics); !note.empty()) page.note(note);
  page.note(detail::interval_note(report, statistics.resamples));
  if (statistics.noise) page.note(detail::noise_note(report, *statistics.noise));
  page.figure(figures.improvement,
              detail::improvement_caption(report.truth.size()) + detail::band_caption(report));
  page.figure(figures.correlation,
              "Kendall's τ-b between prediction and ground truth among the architectures that are "
              "left when the truly worst are removed: how well a predictor orders good "
              "architectures." +
                  detail::band_caption(report));
  page.figure(figures.predictions, detail::prediction_caption(report));
  if (has_seeds(report)) detail::add_consistency(page, report, statistics, figures);
  if (!figures.training.empty()) {
    if (has_seeds(report)) page.heading("Training");
    page.figure(figures.training,
                has_seeds(report)
                    ? "Loss and accuracy over the epochs of each super-network's first run."
                    : "Training: loss and accuracy over the epochs.");
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
  page.links({{"metrics.csv", "the first table"},
              {"metrics.json", "the same with facts, training and each predictor's best"},
              {"predictions.csv", "every architecture's ground truth and predictions"},
              {"curves.csv", "the curves of the first two figures"}});
  return std::move(page).finish();
}

}  // namespace interchoice::figures
