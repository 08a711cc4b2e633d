#include "examples/study/train_and_rank.hpp"

#include <ATen/Context.h>
#include <fmt/core.h>

#include <memory>
#include <range/v3/view/zip.hpp>
#include <string>

#include "examples/baselines.hpp"
#include "examples/folder_settings.hpp"
#include "examples/training_csv.hpp"
#include "interchoice/evaluation/result_file.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/nn/tables.hpp"

namespace examples {

namespace {

constexpr const char* kKept =
    "what is finished is kept, and the training; the same command goes on from there";

void train(AnySupernet& net, const Experiment& experiment, const StudyRun& run,
           const std::filesystem::path& state, const ic::InterruptRequest& interrupt) {
  ic::Training training = experiment.training;
  run.method.adapt(training);
  training.stop = [&] { return interrupt.requested(); };
  const ic::Seed seed{run.method.paths_seed.value_or(run.seed)};
  const auto record = net.train({.file = state.string(), .minutes = 10},
                                experiment.data->training(experiment.batch, seed),
                                {.restriction = experiment.restriction, .seed = seed}, training,
                                ic::TerminalProgress(fmt::format("{}, {}, seed {}", experiment.name,
                                                                 run.method.label, run.seed)));
  if (record.stopped) throw_interrupted(interrupt, kKept);
  write_training_csv(run.folder / "training.csv", record);
}

void predict(AnySupernet& net, const Experiment& experiment, const StudyRun& run,
             const Evaluation& evaluation, const ic::InterruptRequest& interrupt) {
  const auto partial = run.folder / (evaluation.name + "-partial.csv");
  const ic::Predictor ranking =
      rank_with(net, run.method.label, experiment.data->evaluation(experiment.calibration_batch),
                evaluation.architectures, interrupt, kKept, [](const ic::Progress&) {},
                {.recalibration = evaluation.recalibration, .results = ic::ResultFile{partial}});
  std::string text = "arch,accuracy\n";
  for (const auto& [path, accuracy] :
       ranges::views::zip(evaluation.architectures, ranking.runs.front())) {
    text += fmt::format("{},{:.6f}\n", ic::csv_field(path), accuracy);
  }
  ic::write_file_atomically(table_of(run, evaluation), text);
  std::filesystem::remove(partial);
}

}  // namespace

void train_and_rank(const Experiment& experiment, const StudyRun& run) {
  claim_folder(run.folder, settings_of(experiment, run.method));
  const ic::InterruptRequest interrupt;
  const auto weights = run.folder / "supernet.safetensors";
  std::unique_ptr<AnySupernet> net;
  if (std::filesystem::exists(weights)) {
    net = experiment.kind->load(weights);
    net->module().to(run.device);
  } else {
    at::manual_seed(run.method.weights_seed.value_or(run.seed));
    net = experiment.kind->make(run.method.policy, experiment.sizes, experiment.data->shape);
    net->module().to(run.device);
    const auto state = run.folder / "training-state.safetensors";
    train(*net, experiment, run, state, interrupt);
    // What an earlier network has predicted, which is not there any more: all of a run is of one.
    for (const Evaluation& evaluation : evaluations_of(experiment, run.method)) {
      std::filesystem::remove(table_of(run, evaluation));
    }
    net->save(weights, {{"method", run.method.label}, {"seed", fmt::format("{}", run.seed)}});
    std::filesystem::remove(state);
  }
  for (const Evaluation& evaluation : evaluations_of(experiment, run.method)) {
    if (std::filesystem::exists(table_of(run, evaluation))) continue;
    if (evaluation.without_tables) {
      at::manual_seed(run.seed);  // some tables are random at the start
      ic::reset_tables(net->module());
    }
    predict(*net, experiment, run, evaluation, interrupt);
  }
  if (!run.keeps_network) std::filesystem::remove(weights);
}

}  // namespace examples
