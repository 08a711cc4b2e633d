#include "examples/study/study_stacking.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <range/v3/view/zip.hpp>

#include "examples/study/difference_cells.hpp"
#include "examples/study/outcome_texts.hpp"
#include "interchoice/stats/partial_correlation.hpp"
#include "interchoice/stats/spearman.hpp"
#include "interchoice/stats/stacked_agreement.hpp"

namespace examples {

namespace {

using ic::figures::Cell;
using ic::figures::fixed_text;

const ic::StackingOptions kStacking;

/// The same value beside each of others.
ic::PairedDifference gain_over(const std::vector<double>& values, double other) {
  return ic::paired_difference(values, std::vector<double>(values.size(), other));
}

StackedOutcome stacked_outcome(const ExperimentOutcome& experiment, const MethodOutcome& method,
                               double of_scores) {
  StackedOutcome stacked{.experiment = &experiment, .method = method.label, .scores = of_scores};
  stacked.partial.resize(experiment.scores.size());
  for (const std::vector<double>& predictions : method.predictions) {
    std::vector<std::vector<double>> predictors{predictions};
    stacked.alone.push_back(ic::stacked_agreement(predictors, experiment.truth, kStacking));
    predictors.insert(predictors.end(), experiment.score_ranks.begin(),
                      experiment.score_ranks.end());
    stacked.together.push_back(ic::stacked_agreement(predictors, experiment.truth, kStacking));
    stacked.spearman.push_back(ic::spearman(predictions, experiment.truth));
    for (const auto& [partial, score] : ranges::views::zip(stacked.partial, experiment.scores)) {
      partial.push_back(ic::partial_spearman(predictions, experiment.truth,
                                             ic::mean_of_ranks(score.predictions)));
    }
  }
  if (method.seeds.size() > 1) {
    stacked.of_network = {.difference = gain_over(stacked.together, of_scores)};
    stacked.of_scores = {.difference = ic::paired_difference(stacked.together, stacked.alone)};
  }
  return stacked;
}

/// Tests what the file announces, if everything is there.
void test(const StudyFile& study, const std::vector<StackedGain*>& announced) {
  std::vector<ic::ClaimTest> tests;
  for (const StackedGain* const gain : announced) {
    if (gain->difference.pairs < study.seeds) return;
    tests.push_back({.difference = gain->difference, .smallest_difference = study.analysis.tau_b});
  }
  const auto results = ic::test_claims(tests, study.analysis.alpha);
  for (const auto& [gain, result] : ranges::views::zip(announced, results)) gain->tested = result;
}

/// Mean and, below, standard deviation of seeds for which there is a value: narrow, as scores may
/// be many.
Cell defined_mean_cell(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return {"–"};
  const auto moments = ic::mean_and_standard_deviation(values);
  return {.text = fixed_text(moments.mean, 3),
          .detail = moments.count > 1 ? "± " + fixed_text(moments.standard_deviation, 3) : ""};
}

std::string signed_text(double value) { return (value > 0 ? "+" : "") + fixed_text(value, 3); }

Cell gain_cell(const std::optional<StackedGain>& gain) {
  if (!gain) return {"–"};
  return {.text = signed_text(gain->difference.mean), .detail = interval_text(gain->difference)};
}

/// A table with a group for each experiment, whose rows `cells` makes behind the method's label.
template <class Cells>
ic::figures::Table table_of(std::vector<std::string> header,
                            const std::vector<StackedOutcome>& stacked, const Cells& cells) {
  ic::figures::Table table{std::move(header), {}};
  const ExperimentOutcome* last = nullptr;
  for (const StackedOutcome& one : stacked) {
    if (one.experiment != last) {
      table.groups.push_back({.heading = where_of(*one.experiment), .rows = {}});
      last = one.experiment;
    }
    std::vector<Cell> row{{one.method}, {fmt::format("{}", one.alone.size())}};
    for (Cell& cell : cells(one)) row.push_back(std::move(cell));
    table.groups.back().rows.push_back(std::move(row));
  }
  return table;
}

ic::figures::Table tests_table(const StudyFile& study, const std::vector<StackedOutcome>& stacked) {
  ic::figures::Table table{{"", "adds", "seeds"}, {}};
  for (const std::string& title : difference_titles()) table.header.push_back(title);
  table.header.insert(table.header.end(), {"p, Holm", "verdict"});
  const ExperimentOutcome* last = nullptr;
  const auto add = [&](const StackedOutcome& one, const std::optional<StackedGain>& gain,
                       const char* what) {
    if (!one.is_announced || !gain) return;
    if (one.experiment != last) {
      table.groups.push_back({.heading = where_of(*one.experiment), .rows = {}});
      last = one.experiment;
    }
    std::vector<Cell> row{{one.method}, {what}, {fmt::format("{}", gain->difference.pairs)}};
    for (Cell& cell :
         difference_cells(gain->difference, detectable(gain->difference, study.analysis))) {
      row.push_back(std::move(cell));
    }
    row.push_back({gain->tested ? p_text(gain->tested->adjusted_p) : "–"});
    row.push_back(
        {gain->tested ? std::string(ic::to_text(gain->tested->verdict)) : "not all runs yet"});
    table.groups.back().rows.push_back(std::move(row));
  };
  for (const StackedOutcome& one : stacked) {
    add(one, one.of_network, "super-network");
    add(one, one.of_scores, "scores");
  }
  return table;
}

}  // namespace

std::vector<StackedOutcome> stacked_outcomes(const StudyFile& study,
                                             const std::vector<ExperimentOutcome>& outcomes) {
  std::vector<StackedOutcome> stacked;
  bool is_complete = true;
  for (const ExperimentOutcome& outcome : outcomes) {
    const bool is_announced = study.analysis.stacked && outcome.epochs == study.epochs.back();
    const bool has_scores =
        !outcome.score_ranks.empty() && outcome.truth.size() >= 2 * kStacking.folds;
    if (is_announced && (!has_scores || outcome.methods.size() < study.methods.size() ||
                         outcome.scores.front().seeds.size() < study.score_seeds)) {
      is_complete = false;
    }
    if (!has_scores) continue;
    const double of_scores = ic::stacked_agreement(outcome.score_ranks, outcome.truth, kStacking);
    for (const MethodOutcome& method : outcome.methods) {
      stacked.push_back(stacked_outcome(outcome, method, of_scores));
      stacked.back().is_announced = is_announced;
    }
    for (const MethodOutcome& method : outcome.without_tables) {
      stacked.push_back(stacked_outcome(outcome, method, of_scores));
    }
  }
  std::vector<StackedGain*> announced;
  for (StackedOutcome& one : stacked) {
    if (!one.is_announced) continue;
    for (std::optional<StackedGain>* const gain : {&one.of_network, &one.of_scores}) {
      if (*gain) announced.push_back(&**gain);
      if (!*gain) is_complete = false;
    }
  }
  if (is_complete && !announced.empty()) test(study, announced);
  return stacked;
}

std::vector<std::string> stacking_conclusion(const std::vector<StackedOutcome>& stacked) {
  std::vector<std::string> sentences;
  const auto add = [&](const StackedOutcome& one, const std::optional<StackedGain>& gain,
                       const std::string& what) {
    if (!gain || !gain->tested) return;
    sentences.push_back(
        fmt::format("{}, {}, stacked: {} add {} {}; verdict: {}.", one.method,
                    where_of(*one.experiment), what, signed_text(gain->difference.mean),
                    interval_text(gain->difference), ic::to_text(gain->tested->verdict)));
  };
  for (const StackedOutcome& one : stacked) {
    add(one, one.of_network, "super-networks to scores");
    add(one, one.of_scores, "scores to super-networks");
  }
  return sentences;
}

void write_stacking(ResultPage& page, const StudyFile& study,
                    const std::vector<StackedOutcome>& stacked) {
  if (stacked.empty()) return;
  page.heading("Does the super-network add to what is free?");
  page.table(
      "stacked",
      table_of({"", "seeds", "super-network\nalone", "scores\nalone", "together",
                "super-network\nadds", "scores\nadd"},
               stacked,
               [](const StackedOutcome& one) {
                 return std::vector<Cell>{{mean_text(one.alone)},
                                          {fixed_text(one.scores, 3)},
                                          {mean_text(one.together)},
                                          gain_cell(one.of_network),
                                          gain_cell(one.of_scores)};
               }),
      fmt::format("Tau-b of a ridge regression on ranks, within one of {} parts of the "
                  "architectures, the others of which it was fitted to; mean over the parts of {} "
                  "divisions, the same for every number here. All scores are in it, the vote's "
                  "too. Mean ± standard deviation over the super-networks' seeds, differences with "
                  "95 % intervals over them: other architectures and other fresh weights of the "
                  "scores are not in these intervals. {}",
                  kStacking.folds, kStacking.divisions,
                  study.analysis.stacked
                      ? "After the longest training the differences are tested, below."
                      : "Not tested, for looking at: the study's file does not announce it."));
  if (study.analysis.stacked) {
    page.table("stacked-tests", tests_table(study, stacked),
               fmt::format("Announced by the study's file: both differences of every method after "
                           "the longest training. They are a family of their own: Holm's procedure "
                           "keeps the probability of even one false “better” or “worse” among them "
                           "at {}. Smallest difference that would matter: {}.",
                           study.analysis.alpha, study.analysis.tau_b));
  }
  std::vector<std::string> given{"", "seeds", "given\nnothing"};
  for (const MethodOutcome& score : stacked.front().experiment->scores) {
    given.push_back(score.label);
  }
  page.table("partial",
             table_of(std::move(given), stacked,
                      [](const StackedOutcome& one) {
                        std::vector<Cell> cells{defined_mean_cell(one.spearman)};
                        for (const auto& values : one.partial) {
                          cells.push_back(defined_mean_cell(values));
                        }
                        return cells;
                      }),
             "Spearman's correlation of super-networks with the truth, then given the score of the "
             "column (partial): about 0 where they say nothing that it does not say. Not tested, "
             "for looking at.");
}

}  // namespace examples
