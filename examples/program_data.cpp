#include "examples/program_data.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "examples/experiment_data.hpp"
#include "examples/number_options.hpp"
#if defined(INTERCHOICE_HAS_JPEG)
#include "interchoice/data/folder_batches.hpp"
#include "interchoice/data/prefetch.hpp"
#endif

namespace examples {

namespace {

constexpr const char* kFolder = "folder:";
constexpr const char* kImageSizeFact = "image size";
constexpr std::int64_t kEvaluationBatch = 256;

bool is_folder(const DataOptions& options) { return options.data.starts_with(kFolder); }

ic::Augmentation augmentation_of(const std::string& strength, const ic::Augmentation& usual) {
  if (strength == "usual") return usual;
  if (strength == "none") return {};
  if (strength == "strong") return {.shift = 2 * usual.shift, .flip = usual.flip};
  throw UsageError("augmentation '" + strength + "': use none, usual or strong");
}

ProgramData in_memory(const DataOptions& options) {
  if (options.image_size > 0) throw UsageError("--image-size is for --data folder:PATH only");
  if (options.prefetch_threads > 0) throw UsageError("--prefetch is for --data folder:PATH only");
  ExperimentData data = load_data(options.data, options.images);
  use_validation_images(data, options.validation);
  data.augmentation = augmentation_of(options.augmentation, data.augmentation);
  const auto plain = [&](const ic::ImageSet& set) {
    return ExperimentData::plain_batches(set, data.normalisation, kEvaluationBatch);
  };
  const auto& images = data.training.images;
  return {.name = data.name,
          .shape = {images.size(1), images.size(2), images.size(3), data.training.classes},
          .normalisation = data.normalisation,
          .white = data.training.white,
          .training_images = data.training.size(),
          .training = [data](std::int64_t batch,
                             ic::Seed seed) { return data.training_batches(batch, seed); },
          .validation = plain(data.validation),
          .test = plain(data.test)};
}

#if defined(INTERCHOICE_HAS_JPEG)

/// Random images of a folder: files are sorted by class, so the first ones would be of one class.
ic::ImageFolder some_of(const ic::ImageFolder& folder, std::int64_t count,
                        const std::string& option) {
  if (count == 0) return folder;
  if (count > folder.size()) {
    throw UsageError(fmt::format("{} {}: there are {}", option, count, folder.size()));
  }
  auto order =
      ic::permutation(folder.size(), ic::CounterRandom(kHoldOutSeed, ic::Stream::kSplit, 1, 0));
  order.resize(static_cast<std::size_t>(count));
  std::sort(order.begin(), order.end());
  return subset(folder, order);
}

struct Folders {
  ic::ImageFolder training;
  ic::ImageFolder validation;
  ic::ImageFolder test;
};

/// root/train, root/val and perhaps root/test; or the classes themselves, of which a tenth is
/// withheld.
Folders folders_in(const std::filesystem::path& root) {
  namespace fs = std::filesystem;
  if (fs::is_directory(root / "train") && fs::is_directory(root / "val")) {
    const ic::ImageFolder training(root / "train");
    const ic::ImageFolderOptions same{.classes = training.class_names()};
    const ic::ImageFolder validation(root / "val", same);
    return {training, validation,
            fs::is_directory(root / "test") ? ic::ImageFolder(root / "test", same) : validation};
  }
  const ic::ImageFolder all(root);
  if (all.size() < 10) {
    throw UsageError(fmt::format(
        "--data folder:{}: {} images are too few to withhold a tenth for validation; make folders "
        "train and val",
        root.string(), all.size()));
  }
  auto order =
      ic::permutation(all.size(), ic::CounterRandom(kHoldOutSeed, ic::Stream::kSplit, 0, 0));
  const auto border = order.end() - all.size() / 10;
  std::sort(order.begin(), border);
  std::sort(border, order.end());
  const ic::ImageFolder validation = subset(all, std::span(border, order.end()));
  return {subset(all, std::span(order.begin(), border)), validation, validation};
}

ProgramData in_folder(const DataOptions& options) {
  if (options.augmentation != "usual") {
    throw UsageError("augmentation '" + options.augmentation +
                     "': the images of a folder have the usual one only");
  }
  const std::filesystem::path root = options.data.substr(std::string(kFolder).size());
  const Folders folders = folders_in(root);
  const std::int64_t size = options.image_size > 0 ? options.image_size : 224;
  const std::int64_t threads = std::max<std::int64_t>(1, options.prefetch_threads);
  const auto batches = [size](const ic::ImageFolder& folder, std::int64_t batch, ic::Seed seed) {
    return ic::FolderBatches(folder, {.batch_size = batch,
                                      .crop = ic::central_crop(size),
                                      .augmentation = ic::kSubImageNetSupernetAugmentation,
                                      .seed = seed});
  };
  const ic::ImageFolder training = some_of(folders.training, options.images, "--images");
  const ic::ImageFolder validation =
      some_of(folders.validation, options.validation, "--validation");
  return {.name = options.data,
          .shape = {3, size, size, training.classes()},
          .normalisation = ic::imagenet_normalisation(),
          .training_images = training.size(),
          .training = [training, batches, threads](std::int64_t batch,
                                                   ic::Seed seed) -> ic::AnyBatchSource {
            return ic::Prefetched(batches(training, batch, seed),
                                  {.ahead = 2 * threads, .threads = threads});
          },
          .validation = batches(validation, kEvaluationBatch, {}),
          .test = batches(folders.test, kEvaluationBatch, {})};
}

#else

ProgramData in_folder(const DataOptions& options) {
  throw UsageError("--data " + options.data +
                   ": this program was built without libjpeg-turbo (Debian: libturbojpeg0-dev)");
}

#endif

}  // namespace

std::vector<CommandFiles::File> DataOptions::files() const { return data_files(data); }

ic::Identity DataOptions::facts() const {
  ic::Identity facts{{"data", data}};
  if (is_folder(*this)) {
    facts.set(kImageSizeFact, fmt::format("{}", image_size > 0 ? image_size : 224));
  }
  return facts;
}

void DataOptions::complete(const ic::Identity& facts) {
  const std::string* const text = facts.find(kImageSizeFact);
  if (!is_folder(*this) || image_size > 0 || text == nullptr) return;
  std::int64_t size = 0;
  if (detail::parse_number(*text, size) && size >= 8 && size <= 1024) image_size = size;
}

void add_data_options(CLI::App& app, DataOptions& options) {
  app.add_option(
         "--data", options.data,
         "digits, cifar10:FOLDER, fashion:FOLDER, or folder:PATH, a folder of JPEG files in "
         "a folder a class, or with such folders train, val and test")
      ->capture_default_str();
  app.add_option("--image-size", options.image_size,
                 "pixels a side of what a network sees of the images of a folder; what the "
                 "network's file says, or 224")
      ->check(whole_number(8, 1024));
  app.add_option("--prefetch", options.prefetch_threads,
                 "threads that decode the training images of a folder; one if not given")
      ->check(whole_number(1, 256));
}

void add_training_images_option(CLI::App& app, DataOptions& options) {
  app.add_option("--images", options.images, "training images to use; 0 for all")
      ->check(whole_number(0, kMostImages))
      ->capture_default_str();
}

void add_validation_images_option(CLI::App& app, DataOptions& options) {
  app.add_option("--validation", options.validation, "validation images to use; 0 for all")
      ->check(whole_number(0, kMostImages))
      ->capture_default_str();
}

ProgramData load_program_data(const DataOptions& options) {
  return is_folder(options) ? in_folder(options) : in_memory(options);
}

}  // namespace examples
