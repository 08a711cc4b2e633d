#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/data/batch.hpp"
#include "interchoice/data/central_crop.hpp"
#include "interchoice/data/detail/batch_order.hpp"
#include "interchoice/data/detail/picture_renderer.hpp"
#include "interchoice/data/image_folder.hpp"
#include "interchoice/data/normalisation.hpp"
#include "interchoice/data/picture_augmentation.hpp"

namespace interchoice {

/// How the pictures of a folder become batches.
struct FolderBatchOptions {
  std::int64_t batch_size = 128;
  /// How pictures are shown in evaluation; its `size` is that of training, too. `central_crop(64)`
  /// is the paper's at a lower resolution.
  CentralCrop crop = kSubImageNetCentralCrop;
  Normalisation normalisation = imagenet_normalisation();
  PictureAugmentation augmentation = {};  ///< of training batches only
  Seed seed = {};                         ///< of order, augmentation and calibration
  /// A large picture is decoded 2, 4 or 8 times smaller, which is faster, where what is shown of it
  /// keeps so many times the pixels a side that are wanted. At least 1; infinity: never.
  double oversampling = 2;
};

/// The batches of an image folder, with random access and without state; files are read and decoded
/// when a batch is asked for, on all of libtorch's threads.
///
/// Every batch is a pure function of its arguments, the files and the options (and the release of
/// libjpeg-turbo). The number of threads changes nothing. The last batch of a round through the
/// folder may be smaller than the others; none is left out.
///
/// Copies, and the epochs taken from them, share the folder. A `BatchSource`; to decode while the
/// network computes, see `Prefetched`.
///
/// *Shapes*: data float32 [B, 3, size, size], channels-last; target int64 [B].
///
/// *Throws*: the constructor `c10::Error` or `std::invalid_argument` if the options do not fit;
/// access `c10::IndexError` if there is no such batch, `std::runtime_error` with path and reason if
/// a file cannot be read: the first such one of the batch.
class FolderBatches {
 public:
  FolderBatches(ImageFolder folder, const FolderBatchOptions& options)
      : renderer_(std::make_shared<const detail::PictureRenderer>(
            std::move(folder), detail::PictureRenderer::Options{options.crop, options.oversampling,
                                                                options.normalisation})),
        options_(options),
        order_(renderer_->folder().size(), options.batch_size, options.seed) {
    check(options_.augmentation);
  }

  const ImageFolder& folder() const { return renderer_->folder(); }
  const FolderBatchOptions& options() const { return options_; }
  std::int64_t example_count() const { return order_.example_count(); }

  /// How many batches have each image once.
  std::int64_t size() const { return order_.size(); }

  class Epoch;

  /// The training batches of one epoch: what a training loop goes through.
  Epoch epoch(std::uint64_t number) const;

  /// `epoch(number)[index]`, for access here and there: draws the epoch's order for one batch.
  Batch training(std::uint64_t number, std::int64_t index) const;

  /// Batch `index` in the folder's own order: resized, cut, normalised, nothing else.
  Batch evaluation(std::int64_t index) const { return unchanged(order_.evaluation(index)); }

  /// Batch `index` of an endless sequence of random images, shown as in evaluation: as
  /// `Batches::calibration`.
  Batch calibration(std::int64_t index) const { return unchanged(order_.calibration(index)); }

 private:
  Batch unchanged(const std::vector<std::int64_t>& images) const {
    return (*renderer_)(images,
                        [](std::size_t, std::int64_t, std::int64_t) { return PictureChange{}; });
  }

  std::shared_ptr<const detail::PictureRenderer> renderer_;
  FolderBatchOptions options_;
  detail::BatchOrder order_;
};

/// The training batches of one epoch: shuffled, augmented, normalised.
///
/// Position p of an epoch, image p % batch_size of batch p / batch_size, shows image order()[p] of
/// the folder, changed by random numbers keyed by (seed, epoch, p). Neither depends on the batch
/// size.
class FolderBatches::Epoch {
 public:
  std::int64_t size() const { return batches_.size(); }

  /// The folder's images in the order in which this epoch shows them.
  std::span<const std::int64_t> order() const { return order_; }

  Batch operator[](std::int64_t index) const {
    const auto places = batches_.order_.places_of(index);
    return (*batches_.renderer_)(order().subspan(places.first, places.count),
                                 [&](std::size_t b, std::int64_t height, std::int64_t width) {
                                   return draw_change(
                                       batches_.options_.augmentation, height, width,
                                       batches_.order_.augmentation(number_, places.first + b));
                                 });
  }

 private:
  friend class FolderBatches;

  Epoch(FolderBatches batches, std::uint64_t number)
      : batches_(std::move(batches)), number_(number), order_(batches_.order_.training(number)) {}

  FolderBatches batches_;
  std::uint64_t number_;
  std::vector<std::int64_t> order_;
};

inline FolderBatches::Epoch FolderBatches::epoch(std::uint64_t number) const {
  return Epoch(*this, number);
}

inline Batch FolderBatches::training(std::uint64_t number, std::int64_t index) const {
  return epoch(number)[index];
}

}  // namespace interchoice
