#pragma once

#include <cstddef>
#include <cstdint>

#include "interchoice/training/training.hpp"

namespace interchoice {

/// A column of the paper's Table 5: everything of a training that is not the network.
struct Protocol {
  std::size_t epochs = 250;
  LearningRate learning_rate = cosine(0.025, 1e-5);
  Sgd optimizer = {};
  CrossEntropy loss = {};
  std::int64_t batch_size = 256;
  /// Of the network's head, before its last linear layer.
  double dropout = 0;

  /// The protocol as a training.
  Training training() const {
    return {.epochs = epochs, .loss = loss, .optimizer = optimizer, .learning_rate = learning_rate};
  }
};

/// The three columns of the paper's Table 5: SGD with momentum 0.9, cosine decay to 1e-5, no weight
/// decay on BatchNorm and 1-D parameters. Augmentation is the data's: see each.
namespace protocols {

/// Super-networks on CIFAR-10. Augmentation: random shift by 4, flip.
inline Protocol nasbench201() { return {.optimizer = {.momentum = 0.9, .weight_decay = 3e-4}}; }

/// Super-networks on SubImageNet. Augmentation: random resized crop of 0.4 to 1.0 of the area,
/// ratio 3/4 to 4/3, bilinear, flip; evaluation: resize to 256, central crop of 224.
inline Protocol subimagenet_supernet() {
  return {.epochs = 600,
          .learning_rate = warm_up(5, cosine(0.05, 1e-5)),
          .optimizer = {.momentum = 0.9, .weight_decay = 4e-5},
          .loss = {.label_smoothing = 0.1},
          .batch_size = 128};
}

/// Stand-alone networks on SubImageNet. Augmentation: random resized crop of 0.08 to 1.0 of the
/// area, random interpolation, colour jitter 0.4, flip; evaluation as above.
inline Protocol subimagenet_evaluation() {
  Protocol protocol = subimagenet_supernet();
  protocol.epochs = 240;
  protocol.dropout = 0.2;
  return protocol;
}

}  // namespace protocols

}  // namespace interchoice
