#pragma once

// The definition of `train_and_rank`, for the files that compile it.

#include <fmt/core.h>

#include <cmath>
#include <range/v3/view/zip.hpp>
#include <string>

#include "examples/interruption.hpp"
#include "examples/reproduce/experiment.hpp"
#include "examples/training_csv.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/evaluation/result_file.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/networks/supernet.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/resumable_training.hpp"

namespace reproduce {

namespace detail {

inline constexpr const char* kKept =
    "what is finished is kept, and the training; the same command goes on from there";

template <class Network, class Experiment>
void train_network(Network& net, const Experiment& experiment, const Run& run,
                   const std::filesystem::path& state, const ic::InterruptRequest& interrupt) {
  ic::Training training = experiment.training;
  training.stop = [&] { return interrupt.requested(); };
  if (run.split_at) {
    training.split_epoch =
        static_cast<std::size_t>(*run.split_at * static_cast<double>(training.epochs));
  }
  const ic::Sampler sample{ic::Uniform{experiment.restriction}, ic::Seed{run.seed}};
  const auto record = ic::train_resumable(
      {.path = state, .minutes = 10}, net, experiment.training_data(ic::Seed{run.seed}), sample,
      training,
      ic::TerminalProgress(fmt::format("{}, {}, seed {}", experiment.name, run.method, run.seed)));
  if (record.stopped) examples::end_if_requested(interrupt, kKept);
  examples::write_training_csv(run.folder / "training.csv", record);
}

template <class Network, class Experiment>
void predict(Network& net, const Experiment& experiment, const Run& run,
             const Evaluation<typename Experiment::Space>& evaluation,
             const ic::InterruptRequest& interrupt) {
  const auto partial = run.folder / (evaluation.name + "-partial.csv");
  const auto ranking = ic::rank(net,
                                {.calibration = experiment.training_data(ic::Seed{0}),
                                 .validation = experiment.validation_data},
                                evaluation.architectures,
                                {.recalibration = evaluation.recalibration,
                                 .sharing = ic::PrefixSharing{},
                                 .results = ic::ResultFile{partial},
                                 .stop = [&] { return interrupt.requested(); }});
  examples::end_if_requested(interrupt, kKept);
  std::string text = "arch,accuracy\n";
  for (const auto& [path, prediction] :
       ranges::views::zip(ranking.architectures, ranking.predictions)) {
    text += fmt::format("{},{:.6f}\n", ic::csv_field(ic::to_text(path)), 100 * prediction);
  }
  ic::write_file_atomically(run.folder / (evaluation.name + ".csv"), text);
  std::filesystem::remove(partial);
}

}  // namespace detail

template <class Policy, class Experiment>
void train_and_rank(const Experiment& experiment, const Run& run) {
  using Network = typename Experiment::Network;
  examples::claim_folder(run.folder, experiment.settings);
  const ic::InterruptRequest interrupt;
  at::manual_seed(run.seed);
  ic::Supernet<Network, Policy> net(experiment.network);
  net->to(run.device);
  const auto weights = run.folder / "supernet.safetensors";
  if (std::filesystem::exists(weights)) {
    ic::load(weights, net);
  } else {
    const auto state = run.folder / "training-state.safetensors";
    detail::train_network(net, experiment, run, state, interrupt);
    ic::save(weights, net, {{"method", run.method}, {"seed", fmt::format("{}", run.seed)}});
    std::filesystem::remove(state);
  }
  for (const auto& evaluation : experiment.evaluations) {
    if (std::filesystem::exists(run.folder / (evaluation.name + ".csv"))) continue;
    detail::predict(net, experiment, run, evaluation, interrupt);
  }
}

}  // namespace reproduce
