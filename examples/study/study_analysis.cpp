#include "examples/study/study_analysis.hpp"

#include <algorithm>
#include <cmath>
#include <range/v3/view/zip.hpp>
#include <utility>

#include "interchoice/stats/multiple_tests.hpp"
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

double smallest_of(const StudyAnalysis& analysis, StudyMetric metric) {
  return metric == StudyMetric::kTauB ? analysis.tau_b : analysis.improvement;
}

}  // namespace

const char* to_text(StudyMetric metric) {
  return metric == StudyMetric::kTauB ? "tau-b" : "improvement";
}

std::vector<ExperimentOutcome> outcomes_of(const StudyFile& study,
                                           const std::vector<Experiment>& experiments,
                                           const StudyRuns& runs,
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
      for (std::uint64_t seed = 0; seed < runs.place().seeds; ++seed) {
        auto result = runs.result(experiment, method, seed);
        if (!result) continue;
        std::vector<double> values = std::move(result->evaluations.at(evaluation.name).values);
        const ic::PredictionQuality quality = ic::prediction_quality(values, outcome.truth);
        of_method.seeds.push_back(seed);
        // Of equal predictions for all it is undefined: no order, like one at random.
        of_method.tau_b.push_back(std::isnan(quality.kendall_tau_b) ? 0 : quality.kendall_tau_b);
        of_method.improvement.push_back(quality.best_improvement_expected);
        of_method.predictions.push_back(std::move(values));
        of_method.seconds += result->seconds;
      }
      if (of_method.seeds.empty()) continue;
      of_method.seconds /= static_cast<double>(of_method.seeds.size());
      outcome.methods.push_back(std::move(of_method));
    }
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
        const double spread = one.difference.standard_deviation;
        one.detectable = spread > 0
                             ? ic::detectable_difference(
                                   {.standard_deviation = spread, .alpha = study.analysis.alpha},
                                   pairs.first.size(), study.analysis.power)
                             : 0;
        if (is_longest) announced.push_back(differences.size());
        differences.push_back(std::move(one));
      }
    }
  }
  if (!is_complete || announced.empty()) return differences;
  std::vector<double> p_values;
  for (const std::size_t i : announced) p_values.push_back(differences[i].difference.p);
  const std::vector<double> adjusted = ic::holm_adjusted(p_values);
  for (const auto& [i, p] : ranges::views::zip(announced, adjusted)) {
    StudyDifference& one = differences[i];
    one.adjusted_p = p;
    one.verdict = ic::verdict_of(one.difference, p,
                                 {.smallest_difference = smallest_of(study.analysis, one.metric),
                                  .alpha = study.analysis.alpha,
                                  .family = announced.size()});
  }
  return differences;
}

}  // namespace examples
