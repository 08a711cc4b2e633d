// Trains one super-network on one data set and saves it.
//
//   train_supernet --data cifar10:FOLDER --space-restriction only_conv --dependency bias1
//                  --epochs 20 --cells 1 --batch 64 --seed 0 --out bias1-0.safetensors
//
// Beside the checkpoint it writes OUT.csv: epoch, learning rate, loss, accuracy, seconds.
//
// With --state FILE the same command goes on with a training that a signal or a power failure
// interrupted; with --keep-state, --schedule constant and more --epochs it extends one that is
// finished. A training that SIGINT or SIGTERM ends leaves OUT as it was, exit code 130 or 143.
//
// The ranks that a launcher starts share each batch.

#include <fmt/core.h>

#include <string>

#include "examples/experiment.hpp"
#include "examples/named_restriction.hpp"
#include "examples/precision_option.hpp"
#include "examples/train_with_state.hpp"
#include "examples/training_csv.hpp"

namespace {

using namespace examples;

struct Options {
  std::string data = "digits";
  std::string restriction = "only_conv";
  std::string dependency = "none";
  std::size_t epochs = 30;
  std::size_t split_epoch = 0;
  NetworkSizes sizes;
  std::int64_t batch = 64;
  std::int64_t images = 0;
  double learning_rate = 0.025;
  std::string schedule = "cosine";
  std::uint64_t seed = 0;
  std::string precision = "f32";
  Machine machine;
  StateOptions state;
  bool sync_batch_norm = false;
  std::string out = "supernet.safetensors";
};

void run(const Options& options, bool has_split_epoch, const std::string& command) {
  if (has_split_epoch && options.dependency != "split") {
    throw UsageError("--split-epoch is only for --dependency split, not " + options.dependency);
  }
  if (has_split_epoch && options.split_epoch >= options.epochs) {
    throw UsageError(fmt::format("--split-epoch {} is not before the last of --epochs {}",
                                 options.split_epoch, options.epochs));
  }
  const std::string progress = options.out + ".progress.csv";
  const Workplace workplace = prepare_rank(options.machine, options.out);
  const ic::Group& group = workplace.group;
  const Outputs outputs({.outputs = {{"--out", options.out},
                                     {"--out", options.out + ".csv"},
                                     {"--out", progress},
                                     options.state.state(),
                                     options.state.stopped()},
                         .inputs = data_files(options.data)},
                        group.is_first());
  const ExperimentData data = load_data(options.data, options.images);
  const ic::Batches batches = data.training_batches(options.batch, ic::Seed{options.seed});
  const ic::Sampler sample{ic::Uniform{named_restriction<Space>(options.restriction)},
                           ic::Seed{options.seed}};
  ic::InterruptRequest interrupt;
  ic::Training training;
  training.epochs = options.epochs;
  training.learning_rate = options.schedule == "constant" ? ic::constant(options.learning_rate)
                                                          : ic::cosine(options.learning_rate, 1e-5);
  training.precision = precision_of(options.precision);
  training.stop = [&] { return interrupt.requested(); };
  training.group = group;
  if (group.is_first()) {
    training.after_epoch = [&](const auto& record) { write_progress_csv(progress, record); };
  }
  training.synchronises_batch_norm = options.sync_batch_norm;
  if (options.dependency == "split") {
    training.split_epoch = has_split_epoch ? options.split_epoch : options.epochs / 2;
  }
  with_policy(options.dependency, [&]<class Policy>() {
    auto net = make_supernet<Policy>(options.sizes, data, options.seed, workplace.device);
    const auto record = train_with_state(options.state, net, batches, sample, training,
                                         ic::TerminalProgress(ic::policy_text<Policy>()));
    const ic::Identity facts{{"command", command},
                             {"data", options.data},
                             {"restriction", options.restriction},
                             {"seed", fmt::format("{}", options.seed)},
                             {"epochs", fmt::format("{}", record.epochs.size())},
                             {"label", ic::policy_text<Policy>()}};
    leave_to_first(group);
    if (record.stopped) {
      const auto place = position_text(record, options.epochs, std::size_t(batches.size()));
      end_interrupted(options.state, net, facts, place, interrupt);
    }
    write_training_csv(options.out + ".csv", record);
    std::filesystem::remove(progress);
    ic::save(options.out, net, facts);
    remove_state(options.state);
    end_if_requested(interrupt, kAllWritten);
    say("{}: saved, training record in {}.csv\n", options.out, options.out);
  });
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a NAS-Bench-201 super-network with choice-dependent weights.",
               "train_supernet");
  app.add_option("--data", options.data, "digits, cifar10:FOLDER or fashion:FOLDER")
      ->capture_default_str();
  add_restriction_option(app, options.restriction, "which candidates are sampled");
  app.add_option("--dependency", options.dependency, "how weights depend on prior choices")
      ->check(CLI::IsMember({"none", "bias1", "bias2", "bias3", "split"}))
      ->capture_default_str();
  add_training_options(app, options);
  app.add_option("--schedule", options.schedule,
                 "of the learning rate; a finished training of a constant one can be extended")
      ->check(CLI::IsMember({"cosine", "constant"}))
      ->capture_default_str();
  auto* split_epoch = app.add_option("--split-epoch", options.split_epoch,
                                     "epoch of the split, from 0; half of the epochs if not given")
                          ->check(whole_number(0, 100000));
  app.add_option("--seed", options.seed, "of weights, paths, data order and augmentation")
      ->check(whole_number())
      ->capture_default_str();
  add_precision_option(app, options.precision);
  app.add_flag("--sync-batch-norm", options.sync_batch_norm,
               "of several ranks: BatchNorm sees the batch of all of them");
  add_state_options(app, options.state);
  app.add_option("--out", options.out, "the network's file to write")->capture_default_str();
  return run_program(app, argc, argv,
                     [&] { run(options, split_epoch->count() > 0, command_text(argc, argv)); });
}
