#pragma once

#include <c10/core/GradMode.h>

#include <cstdint>

#include "interchoice/core/architecture.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/nn/device.hpp"

namespace interchoice {

/// Moves BatchNorm's running statistics towards those of one architecture.
///
/// `batches` forward passes in training mode without gradients; statistics move with BatchNorm's
/// own momentum and are not reset (0.9^20 = 12 % of the old ones stays). The same fixed calibration
/// batches for every architecture, so that results do not depend on the order of evaluation.
/// Leaves the network in evaluation mode; guard it with `BatchNormBuffers` to undo everything.
///
/// *Source*: paper Appendix B. The reference draws further training batches for each architecture.
template <class Network, SearchSpace Space, BatchSource Source>
void recalibrate(Network& network, const Architecture<Space>& architecture, const Source& data,
                 std::int64_t batches = 20) {
  const c10::NoGradGuard no_grad;
  const at::Device device = device_of(*network);
  network->train();
  for (std::int64_t i = 0; i < batches; ++i) {
    network->forward(on_device(data.calibration(i), device).data, architecture);
  }
  network->eval();
}

}  // namespace interchoice
