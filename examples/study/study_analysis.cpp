#include "examples/study/study_analysis.hpp"

#include <algorithm>
#include <cmath>
#include <range/v3/view/zip.hpp>
#include <utility>

#include "interchoice/stats/claim_family.hpp"
#include "interchoice/stats/power.hpp"
#include "interchoice/stats/prediction_quality.hpp"

namespace examples {

namespace {

/// The values of two methods for the seeds that both have.
std::pair<std::vector<double>, std::vector<double>> paired(const MethodOutcome& first,
                                                           const MethodOutcome& second,
                                                           StudyMetric metric) {
  std::pair<std::vector<double>, std::vector<double>> pairs;
  for (std::size_t i = 0; i < first.seeds.size(); ++i) {
    const auto other = std::ranges::find(second.seeds, first.seeds[i]);
    if (other == second.seeds.end()) continue;
    pairs.first.push_back(first.values(metric)[i]);
    pairs.second.push_back(
        second.values(metric)[static_cast<std::size_t>(other - second.seeds.begin())]);
  }
  return pairs;
}

/// Of a score, or of all that the vote asks.
double seconds_of(const ic::PredictorScores& found, const std::string& name) {
  const std::vector<std::string> names =
      name == "vote" ? ScoreOptions::voices() : std::vector<std::string>{name};
  double seconds = 0;
  for (const ic::ScoreColumn& column : found.columns) {
    if (std::ranges::count(names, column.name) > 0) seconds += column.seconds;
  }
  return seconds;
}

/// Adds what the training-free scores say, by the seeds that are there.
void add_scores(const StudyScores& scores, const Experiment& experiment,
                ExperimentOutcome& outcome) {
  std::vector<std::vector<std::vector<double>>> computed;  // of each score, of each seed
  for (std::uint64_t seed = 0; seed < scores.place().seeds; ++seed) {
    const auto found = scores.found(experiment, seed);
    if (!found) continue;
    const std::vector<ic::Predictor> predictors = predictors_of(scores.options(), *found);
    outcome.scores.resize(predictors.size());
    for (const auto& [one, name, predictor] :
         ranges::views::zip(outcome.scores, scores.options().names, predictors)) {
      one.label = predictor.label;
      one.seconds += seconds_of(*found, name);
      one.add(seed, predictor.runs.front(), outcome.truth);
    }
    computed.resize(found->columns.size());
    for (const auto& [runs, column] : ranges::views::zip(computed, found->columns)) {
      runs.push_back(column.values);
    }
  }
  for (MethodOutcome& one : outcome.scores) one.seconds /= static_cast<double>(one.seeds.size());
  for (const auto& runs : computed) outcome.score_ranks.push_back(ic::mean_of_ranks(runs));
}

double smallest_of(const StudyAnalysis& analysis, StudyMetric metric) {
  return metric == StudyMetric::kTauB ? analysis.tau_b : analysis.improvement;
}

}  // namespace

void MethodOutcome::add(std::uint64_t seed, std::vector<double> values,
                        const std::vector<double>& truth) {
  const ic::PredictionQuality quality = ic::prediction_quality(values, truth);
  seeds.push_back(seed);
  tau_b.push_back(std::isnan(quality.kendall_tau_b) ? 0 : quality.kendall_tau_b);
  improvement.push_back(quality.best_improvement_expected);
  predictions.push_back(std::move(values));
}

const char* to_text(StudyMetric metric) {
  return metric == StudyMetric::kTauB ? "tau-b" : "improvement";
}

double detectable(const ic::PairedDifference& difference, const StudyAnalysis& analysis) {
  const double spread = difference.standard_deviation;
  if (!(spread > 0)) return 0;
  return ic::detectable_difference({.standard_deviation = spread, .alpha = analysis.alpha},
                                   difference.pairs, analysis.power);
}

std::vector<ExperimentOutcome> outcomes_of(const StudyFile& study,
                                           const std::vector<Experiment>& experiments,
                                           const StudyRuns& runs, const StudyScores& scores,
                                           const std::filesystem::path& truth) {
  std::vector<ExperimentOutcome> outcomes;
  for (const Experiment& experiment : experiments) {
    const Evaluation& evaluation = experiment.evaluations.front();
    ExperimentOutcome outcome{
        .name = experiment.name,
        .restriction = experiment.restriction,
        .epochs = experiment.training.epochs,
        .steps = static_cast<std::int64_t>(experiment.training.epochs) *
                 experiment.data->training(experiment.batch, ic::Seed{0}).size(),
        .architectures = evaluation.architectures,
        .truth = experiment.kind->table_column(truth, study.column, evaluation.architectures),
        .methods = {},
        .rules = rules_of(experiment, evaluation)};
    for (const Method& method : study.methods) {
      MethodOutcome of_method{.label = method.label};
      MethodOutcome without{.label = method.label + ", without tables"};
      for (std::uint64_t seed = 0; seed < runs.place().seeds; ++seed) {
        const auto result = runs.result(experiment, method, seed);
        if (!result) continue;
        for (const Evaluation& one : evaluations_of(experiment, method)) {
          const auto found = result->evaluations.find(one.name);
          if (found == result->evaluations.end()) continue;
          (one.without_tables ? without : of_method).add(seed, found->second.values, outcome.truth);
        }
        of_method.seconds += result->seconds;
      }
      if (!of_method.seeds.empty()) {
        of_method.seconds /= static_cast<double>(of_method.seeds.size());
        outcome.methods.push_back(std::move(of_method));
      }
      if (!without.seeds.empty()) outcome.without_tables.push_back(std::move(without));
    }
    add_scores(scores, experiment, outcome);
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

std::vector<StudyDifference> differences_of(const StudyFile& study,
                                            const std::vector<ExperimentOutcome>& outcomes) {
  std::vector<StudyDifference> differences;
  std::vector<std::size_t> announced;
  bool is_complete = true;
  const std::string& baseline = study.methods.front().label;
  for (const ExperimentOutcome& outcome : outcomes) {
    const bool is_longest = outcome.epochs == study.epochs.back();
    const auto find = [&](const std::string& label) {
      return std::ranges::find(outcome.methods, label, &MethodOutcome::label);
    };
    const auto first = find(baseline);
    for (const Method& method : study.methods) {
      if (method.label == baseline) continue;
      const auto other = find(method.label);
      for (const StudyMetric metric : kStudyMetrics) {
        std::pair<std::vector<double>, std::vector<double>> pairs;
        if (first != outcome.methods.end() && other != outcome.methods.end()) {
          pairs = paired(*other, *first, metric);
        }
        if (is_longest && pairs.first.size() < study.seeds) is_complete = false;
        if (pairs.first.size() < 2) continue;
        StudyDifference one{.experiment = &outcome,
                            .method = method.label,
                            .metric = metric,
                            .difference = ic::paired_difference(pairs.first, pairs.second)};
        one.detectable = detectable(one.difference, study.analysis);
        if (is_longest) announced.push_back(differences.size());
        differences.push_back(std::move(one));
      }
    }
  }
  if (!is_complete || announced.empty()) return differences;
  std::vector<ic::ClaimTest> tests;
  for (const std::size_t i : announced) {
    tests.push_back({.difference = differences[i].difference,
                     .smallest_difference = smallest_of(study.analysis, differences[i].metric)});
  }
  const std::vector<ic::ClaimOutcome> tested = ic::test_claims(tests, study.analysis.alpha);
  for (const auto& [i, outcome] : ranges::views::zip(announced, tested)) {
    differences[i].adjusted_p = outcome.adjusted_p;
    differences[i].verdict = outcome.verdict;
  }
  return differences;
}

}  // namespace examples
