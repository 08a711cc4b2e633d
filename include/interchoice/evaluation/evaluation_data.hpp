#pragma once

#include "interchoice/data/any_batch_source.hpp"

namespace interchoice {

/// The data of an evaluation, each by its name: `{.calibration = train, .validation = valid}`.
struct EvaluationData {
  AnyBatchSource calibration;  ///< training images, of which BatchNorm's statistics are made
  AnyBatchSource validation;   ///< images that the accuracy is measured on
};

}  // namespace interchoice
