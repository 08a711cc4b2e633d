#pragma once

#include <functional>

#include "interchoice/core/architecture.hpp"
#include "interchoice/data/any_batch_source.hpp"
#include "interchoice/evaluation/detail/norm_calibration.hpp"
#include "interchoice/evaluation/recalibration.hpp"

namespace interchoice {

/// Makes BatchNorm's statistics those of one architecture, in the way that the recalibration says.
///
/// The calibration batches are the same for every architecture, so that results do not depend on
/// the order of evaluation. Leaves the network in evaluation mode (under `batch_statistics` its
/// BatchNorms in training mode); guard it with `BatchNormBuffers` to undo everything. Statistics of
/// BatchNorms off the path stay, except that `reset_first` resets all.
///
/// `average` serves the BatchNorm1d, 2d and 3d modules that a pass uses once; split copies are
/// modules like others. `biased_average` needs them to run through `convolution_norm` or
/// `adjusted_norm`, as those of this library do: only there the number of values is known.
///
/// *Throws* c10::Error for less than 1 batch, and for a BatchNorm that `biased_average` cannot
/// follow. *Source*: paper Appendix B (`paper`); the reference draws further training batches for
/// each architecture.
template <class Network, SearchSpace Space>
void recalibrate(Network& network, const Architecture<Space>& architecture,
                 const AnyBatchSource& data,
                 const Recalibration& recalibration = Recalibration::paper()) {
  detail::NormCalibration(*network, recalibration).run(data, [&](const at::Tensor& x) {
    network->forward(x, architecture);
  });
}

/// The same for a network of one architecture, such as a `Subnet`: the statistics are its own, and
/// it is in evaluation mode, ready for use.
template <class Network>
void recalibrate(Network& network, const AnyBatchSource& data,
                 const Recalibration& recalibration = Recalibration::paper()) {
  static_assert(
      requires(const at::Tensor& x) { network->forward(x); },
      "interchoice: recalibrate(network, data) needs a network with forward(x), such as "
      "a Subnet; for a super-network say recalibrate(network, architecture, data)");
  detail::NormCalibration(*network, recalibration).run(data, [&](const at::Tensor& x) {
    network->forward(x);
  });
}

}  // namespace interchoice
