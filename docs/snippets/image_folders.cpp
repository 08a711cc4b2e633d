// The code of how-to/image-folders.md; compiled where libjpeg-turbo is.

#include <cstdint>
#include <cstdio>
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
    const auto epoch = data.epoch(number);
    for (std::int64_t i = 0; i < epoch.size(); ++i) {
      const ic::Batch batch = epoch[i];  // float32 [128, 3, 64, 64], int64 [128]
      std::printf("%ld pictures\n", static_cast<long>(batch.target.size(0)));
    }
  }
  std::printf("%ld to test with\n", static_cast<long>(test_batches.example_count()));
}
