// Trains one super-network of a space on one data set and saves it.
//
//   train_supernet --data cifar10:FOLDER --space-restriction only_conv --dependency 'bias<1>'
//                  --epochs 20 --cells 1 --batch 64 --seed 0 --out bias-0.safetensors
//
// Beside the checkpoint it writes OUT.csv: epoch, learning rate, loss, accuracy, seconds.
//
// With --state FILE the same command goes on with a training that a signal or a power failure
// interrupted; with --keep-state, --schedule constant and more --epochs it extends one that is
// finished. A training that SIGINT or SIGTERM ends leaves OUT as it was, exit code 130 or 143.
//
// The ranks that a launcher starts share each batch.

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "examples/named_restriction.hpp"
#include "examples/networks/network_kind.hpp"
#include "examples/networks/supernet_file.hpp"
#include "examples/precision_option.hpp"
#include "examples/training_csv.hpp"
#include "examples/training_options.hpp"

namespace {

using namespace examples;

struct Options : TrainingOptions {
  std::string space = "nasbench201";
  std::string dependency = "none";
  std::string restriction = "only_conv";
  std::string sampler = "uniform";
  std::vector<std::size_t> split_epochs = {};  // none: those of the policy
  std::string schedule = "cosine";
  std::uint64_t seed = 0;
  std::string precision = "f32";
  StateOptions state;
  bool sync_batch_norm = false;
  std::string out = "supernet.safetensors";
};

/// A split at half of the epochs, one in two stages there and at three quarters.
std::vector<std::size_t> split_epochs(const Options& options) {
  const auto has = [&](const char* name) {
    return options.dependency.find(name) != std::string::npos;
  };
  const bool is_staged = has("staged_split<2>");
  const std::size_t most = is_staged ? 2 : has("split<on_demand>") ? 1 : 0;
  const std::vector<std::size_t>& given = options.split_epochs;
  if (given.empty()) {
    const std::size_t half = options.epochs / 2;
    const std::size_t later = options.epochs * 3 / 4;
    if (is_staged && later > half) return {half, later};
    return most > 0 ? std::vector<std::size_t>{half} : std::vector<std::size_t>{};
  }
  if (most == 0) {
    throw UsageError(
        "--split-epoch is for a --dependency with split<on_demand> or staged_split<2>, not " +
        options.dependency);
  }
  if (given.size() > most) {
    throw UsageError(fmt::format("--split-epoch with {} epochs; {} splits {}", given.size(),
                                 options.dependency, most == 1 ? "once" : "twice"));
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] >= options.epochs) {
      throw UsageError(fmt::format("--split-epoch {} is not before the last of --epochs {}",
                                   given[i], options.epochs));
    }
    if (i > 0 && given[i] <= given[i - 1]) {
      throw UsageError(fmt::format("--split-epoch {} is not behind {}", given[i], given[i - 1]));
    }
  }
  return given;
}

void run(const Options& options, const std::string& command) {
  const std::vector<std::size_t> splits = split_epochs(options);
  check_warm_up(options);
  const std::string progress = options.out + ".progress.csv";
  const Workplace workplace = prepare_rank(options.machine, options.out);
  const ic::Group& group = workplace.group;
  const Outputs outputs({.outputs = {{"--out", options.out},
                                     {"--out", options.out + ".csv"},
                                     {"--out", progress},
                                     options.state.state(),
                                     options.state.stopped()},
                         .inputs = options.data.files()},
                        group.is_first());
  const ProgramData data = load_program_data(options.data);
  const ic::AnyBatchSource batches = data.training(options.batch, ic::Seed{options.seed});
  ic::InterruptRequest interrupt;
  ic::Training training = training_of(options, options.schedule == "constant"
                                                   ? ic::constant(options.learning_rate)
                                                   : ic::cosine(options.learning_rate, 1e-5));
  training.precision = precision_of(options.precision);
  training.stop = [&] { return interrupt.requested(); };
  training.group = group;
  if (group.is_first()) {
    training.after_epoch = [&](const auto& record) { write_progress_csv(progress, record); };
  }
  training.synchronises_batch_norm = options.sync_batch_norm;
  training.split_epochs = splits;

  const NetworkKind& kind = network_kind(options.space);
  at::manual_seed(options.seed);  // initial weights
  const auto net = kind.make(options.dependency, options.sizes, data.shape);
  net->module().to(workplace.device);
  const auto record = net->train(options.state, batches,
                                 {.restriction = options.restriction,
                                  .sampler = options.sampler,
                                  .seed = ic::Seed{options.seed}},
                                 training, ic::TerminalProgress(options.dependency));
  ic::Identity facts{{"command", command},
                     {kNetworkFact, kind.name()},
                     {"restriction", options.restriction},
                     {"seed", fmt::format("{}", options.seed)},
                     {"epochs", fmt::format("{}", record.epochs.size())},
                     {"label", options.dependency}};
  facts.set(options.data.facts());
  leave_to_first(group);
  if (record.stopped) {
    const auto place = position_text(record, options.epochs, std::size_t(batches.size()));
    const auto save = [&](const auto& path, const auto& all) { net->save(path, all); };
    end_interrupted(options.state, save, facts, place, interrupt);
  }
  write_training_csv(options.out + ".csv", record);
  std::filesystem::remove(progress);
  net->save(options.out, facts);
  remove_state(options.state);
  end_if_requested(interrupt, kAllWritten);
  say("{}: saved, training record in {}.csv\n", options.out, options.out);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a super-network with choice-dependent weights.", "train_supernet");
  add_space_option(app, options.space)->capture_default_str();
  add_dependency_option(app, options.dependency);
  add_restriction_option(app, options.restriction, "which candidates are sampled");
  add_sampler_option(app, options.sampler);
  add_training_options(app, options);
  app.add_option("--schedule", options.schedule,
                 "of the learning rate; a finished training of a constant one can be extended")
      ->check(CLI::IsMember({"cosine", "constant"}))
      ->capture_default_str();
  app.add_option("--split-epoch", options.split_epochs,
                 "epoch of the split, from 0, two for one in two stages; half of the epochs, and "
                 "three quarters, if not given")
      ->check(whole_number(0, 100000));
  app.add_option("--seed", options.seed, "of weights, paths, data order and augmentation")
      ->check(whole_number())
      ->capture_default_str();
  add_precision_option(app, options.precision);
  app.add_flag("--sync-batch-norm", options.sync_batch_norm,
               "of several ranks: BatchNorm sees the batch of all of them");
  add_state_options(app, options.state);
  app.add_option("--out", options.out, "the network's file to write")->capture_default_str();
  return run_program(app, argc, argv, [&] { run(options, command_text(argc, argv)); });
}
