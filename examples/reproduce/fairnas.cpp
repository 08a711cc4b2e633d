#include "examples/reproduce/fairnas.hpp"

#include <fmt/core.h>

#include "examples/command_line.hpp"
#include "examples/reproduce/train_and_rank.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/training/protocols.hpp"

namespace reproduce {

namespace {

struct Sizes {
  double width_multiplier;
  std::int64_t image_size;
  std::size_t epochs;
  std::int64_t batch;
  std::uint64_t architectures;
  std::int64_t calibration_batches;
};

Sizes sizes_of(Budget budget) {
  if (budget == Budget::kPaper) return {1, 224, 600, 128, 250, 20};
  if (budget == Budget::kCpu) return {0.25, 64, 120, 32, 100, 20};
  return {0.25, 32, 1, 64, 6, 2};
}

}  // namespace

void add_images_option(CLI::App& app, std::string& images) {
  app.add_option("--images", images,
                 "folder with train/ and val/, each with a folder of JPEG files a class")
      ->required()
      ->check(CLI::ExistingDirectory);
}

FairNas fairnas_experiment(const std::string& images, Budget budget) {
  const Sizes sizes = sizes_of(budget);
  const std::filesystem::path folder(images);
  const ic::ImageFolder training_images(folder / "train");
  const ic::ImageFolder validation_images(folder / "val",
                                          {.classes = training_images.class_names()});
  const auto batches = [=](ic::Seed seed) {
    return ic::FolderBatchOptions{.batch_size = sizes.batch,
                                  .crop = ic::central_crop(sizes.image_size),
                                  .augmentation = ic::kSubImageNetSupernetAugmentation,
                                  .seed = seed};
  };
  ic::Training training = ic::protocols::subimagenet_supernet().training();
  training.epochs = sizes.epochs;
  // The paper's five epochs of warm-up are too many of a few.
  training.learning_rate =
      ic::warm_up(std::min<std::size_t>(5, sizes.epochs / 4), ic::cosine(0.05, 1e-5));
  const ic::Restriction<FairNas::Space> restriction = ic::all<FairNas::Space>;
  return {
      .name = "fairnas",
      .network = {.classes = training_images.classes(), .width_multiplier = sizes.width_multiplier},
      .restriction = restriction,
      .training_data =
          [=](ic::Seed seed) { return ic::FolderBatches(training_images, batches(seed)); },
      .validation_data = ic::FolderBatches(validation_images, batches(ic::Seed{0})),
      .training = training,
      .evaluations = {{.name = "predictions",
                       .architectures = ic::distinct_architectures(restriction, sizes.architectures,
                                                                   ic::Seed{0}),
                       .recalibration = ic::Recalibration::paper(sizes.calibration_batches)}},
      .settings = {{"width multiplier", fmt::format("{}", sizes.width_multiplier)},
                   {"image size", fmt::format("{}", sizes.image_size)},
                   {"training images", fmt::format("{}", training_images.size())},
                   {"validation images", fmt::format("{}", validation_images.size())},
                   {"classes", fmt::format("{}", training_images.classes())},
                   {"epochs", fmt::format("{}", sizes.epochs)},
                   {"batch", fmt::format("{}", sizes.batch)},
                   {"calibration batches", fmt::format("{}", sizes.calibration_batches)}}};
}

template void train_and_rank<ic::none>(const FairNas&, const Run&);
template void train_and_rank<ic::bias<1>>(const FairNas&, const Run&);
template void train_and_rank<ic::shift<1>>(const FairNas&, const Run&);
template void train_and_rank<ic::split<ic::on_demand>>(const FairNas&, const Run&);

}  // namespace reproduce
