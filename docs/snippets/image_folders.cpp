// The code of how-to/image-folders.md; compiled where libjpeg-turbo is.

#include <fmt/core.h>

#include <cstdint>
#include <filesystem>

#include "interchoice/data/folder_batches.hpp"
#include "interchoice/data/prefetch.hpp"

namespace ic = interchoice;

void go_through(const std::filesystem::path& root) {
  const ic::ImageFolder training(root / "train");
  const ic::ImageFolder validation(root / "val", {.classes = training.class_names()});

  const ic::FolderBatches train_batches(
      training, {.batch_size = 128,
                 .crop = ic::central_crop(64),  // 224 is the paper's, and the default
                 .augmentation = ic::kSubImageNetSupernetAugmentation,
                 .seed = ic::Seed{0}});
  const ic::FolderBatches test_batches(validation,
                                       {.batch_size = 128, .crop = ic::central_crop(64)});
  const ic::Prefetched data(train_batches, {.ahead = 2, .threads = 1});

  for (std::uint64_t number = 0; number < 2; ++number) {
    for (const auto& [images, labels] : data.epoch(number)) {
      fmt::print("{} images\n", labels.size(0));  // [128, 3, 64, 64], [128]
    }
  }
  fmt::print("{} to test with\n", test_batches.example_count());
}
