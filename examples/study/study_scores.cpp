#include "examples/study/study_scores.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <memory>
#include <range/v3/view/zip.hpp>
#include <vector>

#include "examples/folder_settings.hpp"
#include "examples/interruption.hpp"
#include "examples/provenance.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"

namespace examples {

namespace {

constexpr const char* kEvaluation = "scores";  // of results
constexpr const char* kTable = "scores.csv";
constexpr const char* kSeconds = "seconds.csv";

/// What scores do not depend on has no place in the name: neither the training nor its length.
std::string name_of(const Experiment& experiment) {
  return experiment.kind->name() + "-" + experiment.restriction;
}

/// Everything that decides scores, beside their names and seeds.
ic::Identity settings_of_scores(const Experiment& experiment) {
  ic::Identity settings;
  for (const char* name : {"network", "restriction", "data", "augmentation", "training images"}) {
    if (const std::string* const fact = experiment.settings.find(name)) settings.set(name, *fact);
  }
  settings.set("batch", fmt::format("{}", experiment.batch));
  settings.set(experiment.kind->options(experiment.sizes, experiment.data->shape));
  return settings;
}

/// Computes a score of all architectures, in a folder that has been claimed.
void compute(const Experiment& experiment, const ic::Score& score, std::uint64_t seed,
             at::Device device, const std::filesystem::path& folder) {
  const ic::InterruptRequest interrupt;
  const auto network = experiment.kind->make("none", experiment.sizes, experiment.data->shape);
  const auto& architectures = experiment.evaluations.front().architectures;
  const ic::AnyBatchSource images = experiment.data->training(experiment.batch, ic::Seed{0});
  const ic::Batch batch = images.calibration(static_cast<std::int64_t>(seed) % images.size());
  const ic::PredictorScores found =
      scores_of({score}, seed, *experiment.kind, *network, batch, device, architectures, interrupt,
                "what is finished is kept; the same command goes on from there",
                ic::TerminalProgress(
                    fmt::format("{}, {}, seed {}", name_of(experiment), score.name(), seed)));
  const ic::ScoreColumn& column = found.columns.front();
  std::string text = "arch,score\n";
  const std::vector<double> values = ic::undefined_as_worst(column.values);
  for (const auto& [architecture, value] : ranges::views::zip(architectures, values)) {
    text += fmt::format("{},{}\n", ic::csv_field(architecture), value);
  }
  ic::write_file_atomically(folder / kSeconds, fmt::format("seconds\n{:.3f}\n", column.seconds));
  ic::write_file_atomically(folder / kTable, text);
}

}  // namespace

void StudyScores::add(const Experiment& experiment) {
  if (!added_.insert(name_of(experiment)).second) return;
  const auto kept = std::make_shared<const Experiment>(experiment);
  for (std::uint64_t seed = 0; seed < place_.seeds; ++seed) {
    for (const ic::Score& score : options_.scores()) {
      const auto folder = folder_of(experiment, score.name(), seed);
      tasks_.add({.name = folder.lexically_relative(place_.runs).string(),
                  .folder = folder,
                  .is_done = [this, kept, name = score.name(),
                              seed] { return result(*kept, name, seed).has_value(); },
                  .work =
                      [kept, score, seed, folder, device = place_.device] {
                        claim_folder(folder, settings_of_scores(*kept));
                        compute(*kept, score, seed, device, folder);
                      }});
    }
  }
}

std::optional<ic::PredictorScores> StudyScores::found(const Experiment& experiment,
                                                      std::uint64_t seed) const {
  ic::PredictorScores scores;
  for (const ic::Score& score : options_.scores()) {
    auto of_score = result(experiment, score.name(), seed);
    if (!of_score) return {};
    scores.columns.push_back({.name = score.name(),
                              .values = std::move(of_score->evaluations[kEvaluation].values),
                              .seconds = of_score->seconds});
  }
  return scores;
}

void StudyScores::keep(const Experiment& experiment, RunResults& results) const {
  for (const ic::Score& score : options_.scores()) {
    for (std::uint64_t seed = 0; seed < place_.seeds; ++seed) {
      auto of_score = result(experiment, score.name(), seed);
      if (of_score) results.set({name_of(experiment), score.name(), seed}, std::move(*of_score));
    }
  }
}

std::optional<RunResult> StudyScores::result(const Experiment& experiment, const std::string& score,
                                             std::uint64_t seed) const {
  const ic::Identity settings = settings_of_scores(experiment);
  const auto& architectures = experiment.evaluations.front().architectures;
  const auto folder = folder_of(experiment, score, seed);
  if (!std::filesystem::exists(folder / kTable)) {
    const RunResult* const known = place_.known.find({name_of(experiment), score, seed}, settings);
    if (known == nullptr) return {};
    const auto predictions = known->evaluations.find(kEvaluation);
    if (predictions == known->evaluations.end()) return {};
    predictions->second.require(architectures, name_of(experiment) + "." + kEvaluation);
    return *known;
  }
  claim_folder(folder, settings);
  const auto table = ic::CsvTable::read(folder / kTable);
  RunPredictions predictions{table.texts("arch"), table.numbers("score")};
  predictions.require(architectures, (folder / kTable).string());
  const auto seconds = ic::CsvTable::read(folder / kSeconds).numbers("seconds");
  return RunResult{.settings = settings,
                   .evaluations = {{kEvaluation, std::move(predictions)}},
                   .seconds = seconds.empty() ? 0 : seconds.front(),
                   .machine = detail::processor_name(),
                   .date = detail::today()};
}

std::filesystem::path StudyScores::folder_of(const Experiment& experiment, const std::string& score,
                                             std::uint64_t seed) const {
  return place_.runs / name_of(experiment) / folder_name(score) / fmt::format("seed-{}", seed);
}

}  // namespace examples
