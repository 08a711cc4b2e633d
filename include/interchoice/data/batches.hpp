#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/data/augmentation.hpp"
#include "interchoice/data/batch.hpp"
#include "interchoice/data/detail/batch_order.hpp"
#include "interchoice/data/detail/batch_renderer.hpp"
#include "interchoice/data/image_set.hpp"
#include "interchoice/data/normalisation.hpp"

namespace interchoice {

/// How images become batches.
struct BatchOptions {
  std::int64_t batch_size = 256;
  Normalisation normalisation = {};  ///< one mean and deviation a channel
  Augmentation augmentation = {};    ///< of training batches only
  Seed seed = {};                    ///< of order, augmentation and calibration
};

/// The batches of an image set, with random access and without state.
///
/// Every batch is a pure function of its arguments, the set and the options. So training restarts
/// anywhere, evaluation disturbs nothing, and the number of threads changes nothing. The last batch
/// of a round through the set may be smaller than the others; none is left out.
///
/// Copies, and the epochs taken from them, share the images. A `BatchSource`.
///
/// *Throws*: the constructor `c10::Error` if the set is malformed (see `check`) or the options do
/// not fit it; access `c10::IndexError` if there is no such batch.
class Batches {
 public:
  Batches(ImageSet set, const BatchOptions& options)
      : renderer_(
            std::make_shared<const detail::BatchRenderer>(std::move(set), options.normalisation)),
        options_(options),
        order_(renderer_->set().size(), options.batch_size, options.seed) {
    check(options_.augmentation);
  }

  const ImageSet& set() const { return renderer_->set(); }
  const BatchOptions& options() const { return options_; }
  std::int64_t example_count() const { return order_.example_count(); }

  /// How many batches have each image once.
  std::int64_t size() const { return order_.size(); }

  class Epoch;

  /// The training batches of one epoch: what a training loop goes through.
  Epoch epoch(std::uint64_t number) const;

  /// `epoch(number)[index]`, for access here and there: draws the epoch's order for one batch.
  Batch training(std::uint64_t number, std::int64_t index) const;

  /// Batch `index` in the set's own order: normalised, nothing else.
  Batch evaluation(std::int64_t index) const { return unchanged(order_.evaluation(index)); }

  /// Batch `index` of an endless sequence of random images, normalised, nothing else: what
  /// recalibrates BatchNorm. Every architecture is to see the same ones.
  ///
  /// The sequence goes through the set in one random order after the other
  /// (`Stream::kCalibration`), so the first size() batches have each image once.
  Batch calibration(std::int64_t index) const { return unchanged(order_.calibration(index)); }

 private:
  Batch unchanged(const std::vector<std::int64_t>& images) const {
    return (*renderer_)(images, std::vector<ImageChange>(images.size()));
  }

  std::shared_ptr<const detail::BatchRenderer> renderer_;
  BatchOptions options_;
  detail::BatchOrder order_;
};

/// The training batches of one epoch: shuffled, augmented, normalised.
///
/// Position p of an epoch, image p % batch_size of batch p / batch_size, shows image order()[p] of
/// the set, changed by random numbers keyed by (seed, epoch, p). Neither depends on the batch size.
class Batches::Epoch {
 public:
  std::int64_t size() const { return batches_.size(); }

  /// The set's images in the order in which this epoch shows them.
  std::span<const std::int64_t> order() const { return order_; }

  Batch operator[](std::int64_t index) const {
    const auto places = batches_.order_.places_of(index);
    std::vector<ImageChange> changes(places.count);
    for (std::size_t i = 0; i < places.count; ++i) {
      changes[i] = draw_change(batches_.options_.augmentation,
                               batches_.order_.augmentation(number_, places.first + i));
    }
    return (*batches_.renderer_)(order().subspan(places.first, places.count), changes);
  }

 private:
  friend class Batches;

  Epoch(Batches batches, std::uint64_t number)
      : batches_(std::move(batches)), number_(number), order_(batches_.order_.training(number)) {}

  Batches batches_;
  std::uint64_t number_;
  std::vector<std::int64_t> order_;
};

inline Batches::Epoch Batches::epoch(std::uint64_t number) const { return Epoch(*this, number); }

inline Batch Batches::training(std::uint64_t number, std::int64_t index) const {
  return epoch(number)[index];
}

}  // namespace interchoice
