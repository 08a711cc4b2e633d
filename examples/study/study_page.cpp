#include "examples/study/study_page.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "examples/result_page.hpp"
#include "examples/study/difference_cells.hpp"
#include "examples/study/outcome_texts.hpp"
#include "examples/study/study_stacking.hpp"
#include "interchoice/report/line_figure.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/stats/ensemble.hpp"
#include "interchoice/stats/mean_and_standard_deviation.hpp"
#include "interchoice/stats/prediction_quality.hpp"

namespace examples {

namespace {

using ic::figures::Cell;
using ic::figures::fixed_text;

/// More are not told apart in one panel.
constexpr std::size_t kMostSeries = 6;

std::size_t runs_in(const std::vector<ExperimentOutcome>& outcomes) {
  std::size_t runs = 0;
  for (const auto& outcome : outcomes) {
    for (const auto& method : outcome.methods) runs += method.seeds.size();
  }
  return runs;
}

std::vector<std::string> conclusion_of(const StudyFile& study,
                                       const std::vector<ExperimentOutcome>& outcomes,
                                       const std::vector<StudyDifference>& differences) {
  std::vector<std::string> sentences;
  const std::size_t all =
      outcomes.size() * study.methods.size() * static_cast<std::size_t>(study.seeds);
  const bool is_decided = std::ranges::any_of(
      differences, [](const StudyDifference& one) { return one.verdict.has_value(); });
  if (!is_decided) {
    sentences.push_back(
        fmt::format("Interim: {} of {} runs are there. What was announced is tested when all are; "
                    "until then nothing below is a result.",
                    runs_in(outcomes), all));
  }
  for (const StudyDifference& one : differences) {
    if (one.experiment->epochs != study.epochs.back()) continue;
    sentences.push_back(fmt::format(
        "{} beside {}, {}, {}: {}{} {}{}.", one.method, study.methods.front().label,
        where_of(*one.experiment), to_text(one.metric), one.difference.mean > 0 ? "+" : "",
        fixed_text(one.difference.mean, 3), interval_text(one.difference),
        one.verdict ? fmt::format("; verdict: {}", ic::to_text(*one.verdict)) : ""));
  }
  return sentences;
}

ic::figures::Table differences_table(const StudyFile& study,
                                     const std::vector<StudyDifference>& differences,
                                     bool is_announced) {
  ic::figures::Table table{{"", "metric", "seeds"}, {}};
  const auto add_titles = [&](const std::vector<std::string>& titles) {
    table.header.insert(table.header.end(), titles.begin(), titles.end());
  };
  add_titles(difference_titles());
  if (is_announced) add_titles({"p, Holm", "verdict"});
  const ExperimentOutcome* last = nullptr;
  for (const StudyDifference& one : differences) {
    if ((one.experiment->epochs == study.epochs.back()) != is_announced) continue;
    if (one.experiment != last) {
      table.groups.push_back({.heading = where_of(*one.experiment), .rows = {}});
      last = one.experiment;
    }
    std::vector<Cell> row{
        {one.method}, {to_text(one.metric)}, {fmt::format("{}", one.difference.pairs)}};
    const auto cells = difference_cells(one.difference, one.detectable);
    row.insert(row.end(), cells.begin(), cells.end());
    if (is_announced) {
      row.push_back({one.adjusted_p ? p_text(*one.adjusted_p) : "–"});
      row.push_back({one.verdict ? std::string(ic::to_text(*one.verdict)) : "not all runs yet"});
    }
    table.groups.back().rows.push_back(std::move(row));
  }
  return table;
}

ic::figures::Table qualities_table(const std::vector<ExperimentOutcome>& outcomes) {
  ic::figures::Table table{{"", "seeds", "tau-b", "tau-b of\nthe ensemble", "improvement",
                            "improvement of\nthe ensemble", "training of\none run [s]"},
                           {}};
  for (const ExperimentOutcome& outcome : outcomes) {
    ic::figures::RowGroup group{.heading = where_of(outcome), .rows = {}};
    const auto add = [&](const MethodOutcome& method, const std::vector<double>& of_all,
                         const std::string& seconds) {
      const auto ensemble = ic::prediction_quality(of_all, outcome.truth);
      group.rows.push_back({{method.label},
                            {fmt::format("{}", method.seeds.size())},
                            {mean_text(method.tau_b)},
                            {fixed_text(ensemble.kendall_tau_b, 3)},
                            {mean_text(method.improvement)},
                            {fixed_text(ensemble.best_improvement_expected, 3)},
                            {seconds}});
    };
    for (const MethodOutcome& method : outcome.methods) {
      add(method, ic::mean_of_predictions(method.predictions), fixed_text(method.seconds, 0));
    }
    for (const MethodOutcome& method : outcome.without_tables) {
      add(method, ic::mean_of_predictions(method.predictions), "");
    }
    for (const MethodOutcome& score : outcome.scores) {
      add(score, ic::mean_of_ranks(score.predictions), fixed_text(score.seconds, 1));
    }
    for (const ic::Predictor& rule : outcome.rules) {
      const auto quality = ic::prediction_quality(rule.runs.front(), outcome.truth);
      group.rows.push_back({{rule.label},
                            {""},
                            {fixed_text(quality.kendall_tau_b, 3)},
                            {""},
                            {fixed_text(quality.best_improvement_expected, 3)},
                            {""},
                            {"0"}});
    }
    table.groups.push_back(std::move(group));
  }
  return table;
}

/// What a note says of scores and of predictions without tables, where there are some.
std::string scores_note(const std::vector<ExperimentOutcome>& outcomes) {
  std::string note;
  if (std::ranges::any_of(outcomes, [](const auto& one) { return !one.without_tables.empty(); })) {
    note += " Without tables: the same super-networks, their dependent weights as at the start.";
  }
  if (std::ranges::any_of(outcomes, [](const auto& one) { return !one.scores.empty(); })) {
    note +=
        " Training-free scores: of fresh networks on one batch of images, seconds for all "
        "architectures; their ensemble is the mean rank.";
  }
  return note;
}

/// The quality of some methods against steps, a panel for each restriction and metric.
ic::figures::Specification budget_figure(const std::vector<ExperimentOutcome>& outcomes,
                                         const std::vector<std::string>& labels,
                                         const ic::figures::SeriesStyles& styles) {
  std::vector<ic::figures::LinePanel> panels;
  const auto [shortest, longest] =
      std::ranges::minmax_element(outcomes, {}, &ExperimentOutcome::steps);
  std::set<std::string> restrictions;
  for (const auto& outcome : outcomes) restrictions.insert(outcome.restriction);
  for (const std::string& restriction : restrictions) {
    for (const StudyMetric metric : kStudyMetrics) {
      ic::figures::LinePanel panel{
          .title = fmt::format("{}, {}", restriction, to_text(metric)),
          .x = {.title = "steps of training (number)",
                .low = 0.8 * static_cast<double>(shortest->steps),
                .high = 1.25 * static_cast<double>(longest->steps),
                .logarithmic = true,
                .counts = true},
          .y = {.title =
                    metric == StudyMetric::kTauB ? "Kendall's τ-b" : "improvement of the ten best"},
          .series = {}};
      for (const std::string& label : labels) {
        ic::figures::Series series{label, {}, {}};
        for (const ExperimentOutcome& outcome : outcomes) {
          const auto method = std::ranges::find(outcome.methods, label, &MethodOutcome::label);
          if (outcome.restriction != restriction || method == outcome.methods.end()) continue;
          const auto moments = ic::mean_and_standard_deviation(method->values(metric));
          const double error =
              moments.standard_deviation / std::sqrt(static_cast<double>(moments.count));
          series.x.push_back(static_cast<double>(outcome.steps));
          series.y.push_back(moments.mean);
          series.low.push_back(moments.mean - error);
          series.high.push_back(moments.mean + error);
        }
        if (!series.x.empty()) panel.series.push_back(std::move(series));
      }
      if (!panel.series.empty()) panels.push_back(std::move(panel));
    }
  }
  return ic::figures::line_figure("Quality of rankings against the steps of training", panels,
                                  styles, std::size(kStudyMetrics), 240);
}

double hours_of(const std::vector<ExperimentOutcome>& outcomes) {
  double seconds = 0;
  for (const auto& outcome : outcomes) {
    for (const auto& method : outcome.methods) {
      seconds += method.seconds * static_cast<double>(method.seeds.size());
    }
  }
  return seconds / 3600;
}

}  // namespace

void write_study_page(const std::filesystem::path& folder, const StudyFile& study,
                      const std::vector<ExperimentOutcome>& outcomes, const ic::Identity& facts) {
  const auto differences = differences_of(study, outcomes);
  ResultPage page(folder, study.title, study.question);
  const auto stacked = stacked_outcomes(study, outcomes);
  std::vector<std::string> conclusion = conclusion_of(study, outcomes, differences);
  for (std::string& sentence : stacking_conclusion(stacked)) {
    conclusion.push_back(std::move(sentence));
  }
  page.conclusion(conclusion);
  page.heading("What was announced");
  page.table(
      "announced", differences_table(study, differences, /*is_announced=*/true),
      fmt::format("Differences of the same seeds' rankings from {}'s, after the longest "
                  "training. Tested together: Holm's procedure keeps the probability of "
                  "even one false “better” or “worse” at {}. Detectable: the difference that "
                  "a single test of these seeds finds with probability {} at the spread "
                  "that was seen. Smallest differences that would matter: {} (tau-b), {} "
                  "(improvement).",
                  study.methods.front().label, study.analysis.alpha, study.analysis.power,
                  study.analysis.tau_b, study.analysis.improvement));
  const bool has_runs = runs_in(outcomes) > 0;
  if (has_runs && study.epochs.size() > 1) {
    page.heading("How much training it takes");
    for (std::size_t first = 1; first < study.methods.size(); first += kMostSeries - 1) {
      std::vector<std::string> labels{study.methods.front().label};
      for (std::size_t i = first; i < std::min(first + kMostSeries - 1, study.methods.size());
           ++i) {
        labels.push_back(study.methods[i].label);
      }
      ic::figures::SeriesStyles styles;
      for (const std::string& label : labels) {
        styles.add(label, ic::figures::series_style(styles.size()));
      }
      page.figure(
          first == 1 ? "budget" : fmt::format("budget-{}", (first - 1) / (kMostSeries - 1) + 1),
          budget_figure(outcomes, labels, styles),
          "Mean over seeds, and a band of one standard error.");
    }
    page.table("shorter", differences_table(study, differences, /*is_announced=*/false),
               "Differences after shorter trainings: not tested, for looking at.");
  }
  write_stacking(page, study, stacked);
  page.heading("Every method, and what needs no training");
  page.table("qualities", qualities_table(outcomes),
             "Mean ± standard deviation over seeds. The ensemble is the mean of the seeds' "
             "predictions. Improvement: of the ten best by prediction, 0 for random choice, 1 for "
             "the single best; the expectation over the orders of equal predictions." +
                 scores_note(outcomes));
  ic::Identity all{{"runs", fmt::format("{}", runs_in(outcomes))},
                   {"training", fmt::format("{:.2f} hours of one thread", hours_of(outcomes))}};
  all.set(facts);
  page.finish(all);
}

}  // namespace examples
