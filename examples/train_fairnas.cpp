// Trains a FairNAS super-network on a folder of JPEG images and says how accurate random
// architectures are in it. FOLDER has the folders train/ and val/, each with a folder a class.
//
//   train_fairnas --images FOLDER --size 64 --epochs 20 --dependency 'shift<1>'
//                 --sampler strict_fair --seed 0 --out shift-0
//
// The paper's protocol (Table 5, SubImageNet super-network) at any resolution: random resized crop
// of 0.4 to 1.0, flip, label smoothing 0.1, warm-up of 5 epochs, cosine, weight decay 4e-5.
// Writes OUT.safetensors, OUT.csv (a line an epoch) and OUT-predictions.csv (a line an
// architecture: accuracy on val/, parameters, MACs). With --state FILE the same command goes on
// where it was interrupted, while training or while evaluating; exit code 130 or 143 then.

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <range/v3/view/zip.hpp>
#include <string>
#include <vector>

#include "examples/machine.hpp"
#include "examples/named_restriction.hpp"
#include "examples/networks/supernet_file.hpp"
#include "examples/precision_option.hpp"
#include "examples/training_csv.hpp"
#include "examples/training_options.hpp"
#include "interchoice/data/folder_batches.hpp"
#include "interchoice/data/prefetch.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/result_file.hpp"
#include "interchoice/training/interrupt.hpp"
#include "interchoice/training/protocols.hpp"

namespace {

using namespace examples;

struct Options {
  std::string images;
  std::int64_t size = 224;
  std::size_t epochs = 600;
  std::int64_t batch = 128;
  double learning_rate = 0.05;
  std::string dependency = "none";
  std::string sampler = "uniform";
  std::uint64_t seed = 0;
  std::int64_t prefetch_threads = 1;
  std::uint64_t sample = 20;
  std::int64_t calibration_batches = 20;
  std::string precision = "f32";
  Machine machine;
  StateOptions state;
  std::string out = "fairnas";
};

void write_predictions(const std::string& path, const std::vector<std::string>& architectures,
                       const std::vector<double>& accuracies, const NetworkKind& kind,
                       const ImageShape& shape) {
  std::string text = "arch,accuracy,parameters,macs\n";
  for (const auto& [architecture, accuracy] : ranges::views::zip(architectures, accuracies)) {
    const ic::Cost cost = kind.cost(architecture, {}, shape);
    text +=
        fmt::format("\"{}\",{:.6f},{},{}\n", architecture, accuracy, cost.parameters, cost.macs);
  }
  ic::write_file_atomically(path, text);
}

void run(const Options& options, const std::string& command) {
  const Workplace workplace = prepare_rank(options.machine, options.out);
  const ic::Group& group = workplace.group;
  const Outputs outputs({.outputs = {{"--out", options.out + ".safetensors"},
                                     {"--out", options.out + ".csv"},
                                     {"--out", options.out + "-predictions.csv"},
                                     options.state.state(),
                                     options.state.stopped()}},
                        group.is_first());
  const std::filesystem::path folder(options.images);
  const ic::ImageFolder training_images(folder / "train");
  const ic::ImageFolder validation_images(folder / "val",
                                          {.classes = training_images.class_names()});
  const ic::FolderBatchOptions batches{.batch_size = options.batch,
                                       .crop = ic::central_crop(options.size),
                                       .augmentation = ic::kSubImageNetSupernetAugmentation,
                                       .seed = ic::Seed{options.seed}};
  const ic::Prefetched data(
      ic::FolderBatches(training_images, batches),
      {.ahead = 2 * options.prefetch_threads, .threads = options.prefetch_threads});
  const ic::FolderBatches validation(validation_images, batches);

  ic::InterruptRequest interrupt;
  ic::Training training = ic::protocols::subimagenet_supernet().training();
  training.epochs = options.epochs;
  // Five epochs of 600 are too many of a few.
  training.learning_rate = ic::warm_up(std::min<std::size_t>(5, options.epochs / 4),
                                       ic::cosine(options.learning_rate, 1e-5));
  training.precision = precision_of(options.precision);
  training.stop = [&] { return interrupt.requested(); };
  training.group = group;
  if (options.dependency == "split<on_demand>") training.split_epochs = {options.epochs / 2};

  const NetworkKind& kind = network_kind("fairnas");
  const ImageShape shape{3, options.size, options.size, training_images.classes()};
  at::manual_seed(options.seed);
  const auto net = kind.make(options.dependency, {}, shape);
  net->module().to(workplace.device);
  const auto record =
      net->train(options.state, data, {.sampler = options.sampler, .seed = ic::Seed{options.seed}},
                 training, ic::TerminalProgress(options.dependency));
  const ic::Identity facts{
      {"command", command}, {kNetworkFact, kind.name()}, {"seed", fmt::format("{}", options.seed)}};
  if (record.stopped) {
    leave_to_first(group);
    const auto place = position_text(record, options.epochs, std::size_t(data.size()));
    const auto save = [&](const auto& path, const auto& all) { net->save(path, all); };
    end_interrupted(options.state, save, facts, place, interrupt);
  }
  if (group.is_first()) {
    write_training_csv(options.out + ".csv", record);
    net->save(options.out + ".safetensors", facts);
  }

  const std::string partial = options.out + "-predictions-partial.csv";
  const auto architectures = kind.architectures("all", options.sample);
  const Predictions ranking =
      net->rank({.calibration = data, .validation = validation}, architectures,
                {.recalibration = options.calibration_batches > 0
                                      ? ic::Recalibration::paper(options.calibration_batches)
                                      : ic::Recalibration::none(),
                 .sharing = ic::PrefixSharing{},
                 .precision = precision_of(options.precision),
                 .results = ic::ResultFile{partial},
                 .stop = [&] { return interrupt.requested(); },
                 .group = group},
                ic::TerminalProgress("ranking"));
  leave_to_first(group);
  const std::string kept = fmt::format(
      "{0}.safetensors and {0}.csv are written, the accuracies so far are kept in {1}{2}",
      options.out, partial,
      options.state.file.empty() ? "" : "; the same command goes on from there");
  if (ranking.stopped) throw_interrupted(interrupt, kept);
  end_if_requested(interrupt, kept);
  const std::vector<double>& accuracies = ranking.accuracies;
  write_predictions(options.out + "-predictions.csv", architectures, accuracies, kind, shape);
  std::filesystem::remove(partial);
  remove_state(options.state);
  end_if_requested(interrupt, kAllWritten);
  const double mean =
      std::accumulate(accuracies.begin(), accuracies.end(), 0.0) / double(accuracies.size());
  say("{}: mean accuracy of {} random architectures {:.2f} %, best {:.2f} %; wrote {}.*\n",
      options.dependency, accuracies.size(), 100 * mean,
      100 * *std::max_element(accuracies.begin(), accuracies.end()), options.out);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a FairNAS super-network on a folder of JPEG images.", "train_fairnas");
  app.add_option("--images", options.images, "folder with train/<class>/*.JPEG and val/<class>/*")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--size", options.size, "pixels a side of what the network sees")
      ->check(whole_number(32, 1024))
      ->capture_default_str();
  add_step_options(app, options);
  add_dependency_option(app, options.dependency);
  add_sampler_option(app, options.sampler);
  app.add_option("--sample", options.sample, "random architectures to evaluate at the end")
      ->check(whole_number(1, 100000))
      ->capture_default_str();
  app.add_option("--calibration", options.calibration_batches,
                 "batches that recalibrate BatchNorm for each of them")
      ->check(whole_number(0, 10000))
      ->capture_default_str();
  app.add_option("--prefetch", options.prefetch_threads, "threads that decode images")
      ->check(whole_number(1, 256))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of weights, paths, data order and augmentation")
      ->check(whole_number())
      ->capture_default_str();
  add_precision_option(app, options.precision);
  add_state_options(app, options.state);
  app.add_option("--out", options.out, "what the names of the written files begin with")
      ->capture_default_str();
  add_machine_options(app, options.machine);
  return run_program(app, argc, argv, [&] { run(options, command_text(argc, argv)); });
}
