#pragma once

#include <cstdint>
#include <utility>

#include "interchoice/core/random.hpp"
#include "interchoice/data/augmentation.hpp"
#include "interchoice/data/batches_of.hpp"
#include "interchoice/data/detail/image_set_examples.hpp"
#include "interchoice/data/image_set.hpp"
#include "interchoice/data/normalisation.hpp"

namespace interchoice {

/// The options of an image set's batches.
struct BatchOptions {
  std::int64_t batch_size = 256;     ///< the last batch of a round may be smaller
  Normalisation normalisation = {};  ///< one mean and standard deviation a channel
  Augmentation augmentation = {};    ///< of training batches only
  Seed seed = {};                    ///< of order, augmentation and calibration
};

/// The batches of an image set: normalised, in training shuffled and augmented, too; see
/// `BatchesOf`.
///
/// *Throws*: the constructor `c10::Error` if the set is malformed (`check_image_set`) or the
/// options do not fit it.
class Batches : public BatchesOf<detail::ImageSetExamples> {
 public:
  Batches(ImageSet set, const BatchOptions& options)
      : BatchesOf({std::move(set), options.normalisation, options.augmentation}, options.batch_size,
                  options.seed) {}
};

}  // namespace interchoice
