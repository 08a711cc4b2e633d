#include <fmt/core.h>

#include "examples/reproduce/nasbench_macro.hpp"

#include "examples/experiment_data.hpp"
#include "examples/reproduce/train_and_rank.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/training/protocols.hpp"

namespace reproduce {

namespace {

struct Sizes {
  std::int64_t width;
  std::int64_t head_width;
  std::int64_t images;  // of training; 0 for all
  std::int64_t validation;
  std::size_t epochs;
  std::int64_t batch;
  std::uint64_t architectures;
  std::int64_t calibration_batches;
};

Sizes sizes_of(Budget budget) {
  if (budget == Budget::kPaper) return {32, 1280, 0, 5'000, 250, 256, 1'000, 20};
  if (budget == Budget::kCpu) return {8, 128, 4'000, 1'000, 20, 32, 200, 20};
  return {8, 16, 128, 100, 2, 32, 50, 2};
}

using Augmentation = NasBenchMacroVariant::Augmentation;

ic::Augmentation augmentation_of(Augmentation strength, const ic::Augmentation& usual) {
  if (strength == Augmentation::kNone) return {};
  if (strength == Augmentation::kUsual) return usual;
  return {.shift = 2 * usual.shift, .flip = usual.flip};
}

/// The end of the names of data and experiments.
std::string suffix_of(Augmentation strength) {
  return strength == Augmentation::kNone    ? "-no_augmentation"
         : strength == Augmentation::kUsual ? ""
                                            : "-strong_augmentation";
}

}  // namespace

void add_data_options(CLI::App& app, NasBenchMacroData& data) {
  app.add_option("--data", data.images,
                 "cifar10:FOLDER with CIFAR-10's binary files; without it the embedded digits");
  app.add_option("--truth", data.truth,
                 "NAS-Bench-Macro's table: a CSV file with `arch`, `mean_acc`")
      ->required()
      ->check(CLI::ExistingFile);
}

NasBenchMacro nasbench_macro_experiment(const NasBenchMacroData& data, Budget budget,
                                        const NasBenchMacroVariant& variant) {
  if (data.images.empty() != (budget == Budget::kSmoke)) {
    throw examples::UsageError(
        "--data cifar10:FOLDER is needed for the budgets paper and cpu; smoke takes none");
  }
  const Sizes sizes = sizes_of(budget);
  auto images = examples::load_data(data.images.empty() ? "digits" : data.images, sizes.images);
  images.augmentation = augmentation_of(variant.augmentation, images.augmentation);
  images.name += suffix_of(variant.augmentation);
  const auto validation = ic::first_images(images.validation, sizes.validation);
  ic::Training training = ic::protocols::nasbench201().training();
  training.epochs =
      static_cast<std::size_t>(variant.epochs_factor * static_cast<double>(sizes.epochs));
  const ic::Restriction<NasBenchMacro::Space> restriction = ic::all<NasBenchMacro::Space>;
  return {
      .name = fmt::format("nasbench_macro-{}-epochs{}", training.epochs,
                          suffix_of(variant.augmentation)),
      .network = {.input_channels = images.training.images.size(1),
                  .classes = images.training.classes,
                  .width = sizes.width,
                  .head_width = sizes.head_width},
      .restriction = restriction,
      .training_data = [=](ic::Seed seed) { return images.training_batches(sizes.batch, seed); },
      .validation_data =
          examples::ExperimentData::plain_batches(validation, images.normalisation, 250),
      .training = training,
      .evaluations = {{.name = "predictions",
                       .architectures = ic::distinct_architectures(restriction, sizes.architectures,
                                                                   ic::Seed{0}),
                       .recalibration = ic::Recalibration::paper(sizes.calibration_batches)}},
      .settings = {{"data", images.name},
                   {"width", fmt::format("{}", sizes.width)},
                   {"head width", fmt::format("{}", sizes.head_width)},
                   {"training images", fmt::format("{}", images.training.size())},
                   {"validation images", fmt::format("{}", validation.size())},
                   {"epochs", fmt::format("{}", training.epochs)},
                   {"batch", fmt::format("{}", sizes.batch)},
                   {"calibration batches", fmt::format("{}", sizes.calibration_batches)}}};
}

template void train_and_rank<ic::none>(const NasBenchMacro&, const Run&);
template void train_and_rank<ic::bias<1>>(const NasBenchMacro&, const Run&);
template void train_and_rank<ic::shift<1>>(const NasBenchMacro&, const Run&);
template void train_and_rank<ic::affine<1>>(const NasBenchMacro&, const Run&);
template void train_and_rank<ic::split<ic::on_demand>>(const NasBenchMacro&, const Run&);

}  // namespace reproduce
