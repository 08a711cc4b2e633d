#include "examples/study/study_runs.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "examples/baselines.hpp"
#include "examples/folder_settings.hpp"
#include "examples/provenance.hpp"
#include "examples/training_csv.hpp"
#include "interchoice/io/csv.hpp"

namespace examples {

namespace {

bool has_tables(const Experiment& experiment, const StudyRun& run) {
  return std::ranges::all_of(evaluations_of(experiment, run.method),
                             [&](const Evaluation& evaluation) {
                               return std::filesystem::exists(table_of(run, evaluation));
                             });
}

}  // namespace

void StudyRuns::add(const Experiment& experiment, const std::vector<Method>& methods) {
  const auto kept = std::make_shared<const Experiment>(experiment);
  for (std::uint64_t seed = 0; seed < place_.seeds; ++seed) {
    for (const Method& method : methods) {
      const StudyRun run = run_of(experiment, method, seed);
      tasks_.add({.name = run.folder.lexically_relative(place_.runs).string(),
                  .folder = run.folder,
                  .is_done = [this, run, kept] { return is_done(*kept, run); },
                  .work = [run, kept] { train_and_rank(*kept, run); }});
    }
  }
}

std::optional<RunResult> StudyRuns::result(const Experiment& experiment, const Method& method,
                                           std::uint64_t seed) const {
  const StudyRun run = run_of(experiment, method, seed);
  const ic::Identity settings = settings_of(experiment, method);
  if (!has_tables(experiment, run)) {
    const RunResult* const known =
        place_.known.find({experiment.name, method.label, seed}, settings);
    if (known == nullptr) return {};
    for (const Evaluation& evaluation : evaluations_of(experiment, method)) {
      const auto found = known->evaluations.find(evaluation.name);
      if (found == known->evaluations.end()) continue;
      found->second.require(evaluation.architectures, experiment.name + "." + evaluation.name);
    }
    return *known;
  }
  claim_folder(run.folder, settings);
  RunResult result{.settings = settings,
                   .evaluations = {},
                   .machine = detail::processor_name(),
                   .date = detail::today()};
  for (const Evaluation& evaluation : evaluations_of(experiment, method)) {
    const auto path = table_of(run, evaluation);
    const auto table = ic::CsvTable::read(path);
    RunPredictions predictions{table.texts("arch"), table.numbers("accuracy")};
    predictions.require(evaluation.architectures, path.string());
    result.evaluations[evaluation.name] = std::move(predictions);
  }
  for (const ic::EpochRecord& epoch : read_training_csv(run.folder / "training.csv")) {
    result.seconds += epoch.seconds;
    result.loss = epoch.loss;
    result.accuracy = epoch.accuracy.value();
  }
  return result;
}

std::vector<ic::EpochRecord> StudyRuns::training(const Experiment& experiment, const Method& method,
                                                 std::uint64_t seed) const {
  const auto path = run_of(experiment, method, seed).folder / "training.csv";
  return std::filesystem::exists(path) ? read_training_csv(path) : std::vector<ic::EpochRecord>{};
}

bool StudyRuns::is_done(const Experiment& experiment, const StudyRun& run) const {
  if (has_tables(experiment, run)) return true;
  const RunResult* const known = place_.known.find({experiment.name, run.method.label, run.seed},
                                                   settings_of(experiment, run.method));
  return known != nullptr &&
         std::ranges::all_of(evaluations_of(experiment, run.method),
                             [&](const Evaluation& evaluation) {
                               return known->evaluations.contains(evaluation.name);
                             });
}

StudyRun StudyRuns::run_of(const Experiment& experiment, const Method& method,
                           std::uint64_t seed) const {
  return {method, seed,
          place_.runs / experiment.name / folder_name(method.label) / fmt::format("seed-{}", seed),
          place_.device, place_.keeps_networks};
}

ic::Report predictions_of(const StudyRuns& runs, const Experiment& experiment,
                          const Evaluation& evaluation, const std::vector<Method>& methods) {
  ic::Report report;
  report.title = experiment.name;
  report.architectures = evaluation.architectures;
  for (const Method& method : methods) {
    ic::Predictor predictor{.label = method.label,
                            .runs = {},
                            .training = training_points(runs.training(experiment, method, 0)),
                            .unit = "%"};
    for (std::uint64_t seed = 0; seed < runs.place().seeds; ++seed) {
      if (auto result = runs.result(experiment, method, seed)) {
        predictor.runs.push_back(std::move(result->evaluations[evaluation.name].values));
      }
    }
    if (!predictor.runs.empty()) report.predictors.push_back(std::move(predictor));
  }
  report.facts = experiment.settings;
  return report;
}

std::vector<ic::Predictor> rules_of(const Experiment& experiment, const Evaluation& evaluation) {
  const auto network = experiment.kind->make("none", experiment.sizes, experiment.data->shape);
  return baselines(*experiment.kind, *network, evaluation.architectures);
}

}  // namespace examples
