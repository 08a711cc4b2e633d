#pragma once

#include <cstdint>
#include <utility>

#include "interchoice/core/random.hpp"
#include "interchoice/data/batches_of.hpp"
#include "interchoice/data/central_crop.hpp"
#include "interchoice/data/crop_augmentation.hpp"
#include "interchoice/data/detail/folder_examples.hpp"
#include "interchoice/data/image_folder.hpp"
#include "interchoice/data/normalisation.hpp"

namespace interchoice {

/// The options of an image folder's batches.
struct FolderBatchOptions {
  std::int64_t batch_size = 128;
  /// The part of an image that evaluation shows; its `size` is that of training, too.
  /// `central_crop(64)` is the paper's at a lower resolution.
  CentralCrop crop = kSubImageNetCentralCrop;
  Normalisation normalisation = imagenet_normalisation();
  CropAugmentation augmentation = {};  ///< of training batches only
  Seed seed = {};                      ///< of order, augmentation and calibration
  /// A large image is decoded 2, 4 or 8 times smaller, which is faster, where what is shown of it
  /// keeps so many times the pixels a side that are wanted. At least 1; infinity: never.
  double oversampling = 2;
};

/// The batches of an image folder: cut, resized, normalised, in training shuffled and augmented,
/// too; see `BatchesOf`. Files are read and decoded when a batch is asked for, on all of libtorch's
/// threads; to decode while the network computes, see `Prefetched`.
///
/// A batch depends on the release of libjpeg-turbo, too. The text has the names and sizes of the
/// files, not their content.
///
/// *Shapes*: data float32 [B, 3, size, size], channels-last; target int64 [B].
///
/// *Throws*: the constructor `c10::Error` or `std::invalid_argument` if the options do not fit;
/// access `std::runtime_error` with path and reason if a file cannot be read: the first such one of
/// the batch.
class FolderBatches : public BatchesOf<detail::FolderExamples> {
 public:
  FolderBatches(ImageFolder folder, const FolderBatchOptions& options)
      : BatchesOf(
            {std::move(folder),
             {options.crop, options.normalisation, options.augmentation, options.oversampling}},
            options.batch_size, options.seed) {}
};

}  // namespace interchoice
