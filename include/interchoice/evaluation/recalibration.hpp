#pragma once

#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <cstdint>
#include <string>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/data/batch_source.hpp"
#include "interchoice/evaluation/detail/batch_norms.hpp"
#include "interchoice/evaluation/detail/norm_calibration.hpp"
#include "interchoice/nn/device.hpp"

namespace interchoice {

/// What BatchNorm normalises by when an architecture is evaluated. A value; make one with a named
/// maker:
///
///   none()              the running statistics as training left them
///   paper(n)            n passes, each r <- (1 - momentum) r + momentum s_i       (the default)
///   reset_first(n)      the same from mean 0 and variance 1
///   average(n)          r <- (s_1 + ... + s_n) / n
///   biased_average(n)   the same of the biased variances, those that the batches were divided by
///   batch_statistics()  each evaluation batch by its own statistics (variance biased)
///
/// s_i are mean and variance of calibration batch i, each batch normalised by its own statistics on
/// its way there. The variance in s_i is unbiased, as BatchNorm's own are, with one exception:
///
///   biased variance = unbiased variance * (m - 1) / m,   m = N H W values a channel
///
/// With the usual momentum of 0.1, `paper(20)` keeps 0.9^20 = 12 % of the old statistics, and
/// `reset_first(20)` as much of 0 and 1. `batch_statistics` makes a result depend on the batch size
/// and on which images share a batch.
struct Recalibration {
  enum class Method { kNone, kMomentum, kAverage, kBatchStatistics };

  Method method = Method::kMomentum;
  std::int64_t batches = 20;
  bool reset = false;
  bool biased = false;  ///< of kAverage

  static constexpr Recalibration none() { return {.method = Method::kNone, .batches = 0}; }
  static constexpr Recalibration paper(std::int64_t batches = 20) { return {.batches = batches}; }
  static constexpr Recalibration reset_first(std::int64_t batches = 20) {
    return {.batches = batches, .reset = true};
  }
  static constexpr Recalibration average(std::int64_t batches = 20) {
    return {.method = Method::kAverage, .batches = batches};
  }
  static constexpr Recalibration biased_average(std::int64_t batches = 20) {
    return {.method = Method::kAverage, .batches = batches, .biased = true};
  }
  static constexpr Recalibration batch_statistics() {
    return {.method = Method::kBatchStatistics, .batches = 0};
  }

  /// Whether it runs calibration batches at all.
  constexpr bool calibrates() const {
    return method == Method::kMomentum || method == Method::kAverage;
  }

  /// Whether evaluation leaves the running statistics out.
  constexpr bool uses_batch_statistics() const { return method == Method::kBatchStatistics; }

  friend constexpr bool operator==(const Recalibration&, const Recalibration&) = default;
};

/// A recalibration in words: `none`, `momentum(20)`, `reset,momentum(20)`, `average(20)`,
/// `biased_average(20)`, `batch_statistics`.
inline std::string to_text(const Recalibration& recalibration) {
  using Method = Recalibration::Method;
  const std::string batches = std::to_string(recalibration.batches);
  switch (recalibration.method) {
    case Method::kMomentum:
      return (recalibration.reset ? "reset,momentum(" : "momentum(") + batches + ")";
    case Method::kAverage:
      return (recalibration.biased ? "biased_average(" : "average(") + batches + ")";
    case Method::kBatchStatistics:
      return "batch_statistics";
    case Method::kNone:
      break;
  }
  return "none";
}

namespace detail {

inline void check(const Recalibration& recalibration) {
  TORCH_CHECK(!recalibration.calibrates() || recalibration.batches >= 1,
              "interchoice: a recalibration needs at least 1 batch, got ", recalibration.batches,
              "; take Recalibration::none() for none");
}

inline NormUpdate update_of(const Recalibration& recalibration) {
  if (recalibration.method != Recalibration::Method::kAverage) return NormUpdate::kMomentum;
  return recalibration.biased ? NormUpdate::kBiasedAverage : NormUpdate::kAverage;
}

/// What `recalibrate` finds anew for every architecture otherwise.
struct RecalibratedNetwork {
  explicit RecalibratedNetwork(torch::nn::Module& network)
      : device(device_of(network)), norms(running_norms(network)) {}
  at::Device device;
  std::vector<RunningNorm> norms;
};

/// Evaluation mode, in which BatchNorms take what the recalibration says.
inline void set_evaluation_mode(torch::nn::Module& network, const Recalibration& recalibration) {
  network.eval();
  if (!recalibration.uses_batch_statistics()) return;
  for (const RunningNorm& norm : running_norms(network)) norm.module->train();
}

template <class Network, SearchSpace Space, BatchSource Source>
void recalibrate(Network& network, RecalibratedNetwork& parts,
                 const Architecture<Space>& architecture, const Source& data,
                 const Recalibration& recalibration) {
  if (recalibration.calibrates()) {
    if (recalibration.reset) reset_statistics(parts.norms);
    calibrate_norms(*network, parts.norms, update_of(recalibration), recalibration.batches,
                    [&](std::int64_t i) {
                      network->forward(on_device(data.calibration(i), parts.device).data,
                                       architecture);
                    });
  }
  set_evaluation_mode(*network, recalibration);
}

}  // namespace detail

/// Makes BatchNorm's statistics those of one architecture, in the way that the recalibration says.
///
/// The same fixed calibration batches for every architecture, so that results do not depend on the
/// order of evaluation. Leaves the network in evaluation mode (under `batch_statistics` its
/// BatchNorms in training mode); guard it with `BatchNormBuffers` to undo everything. Statistics of
/// BatchNorms off the path stay, except that `reset_first` resets all.
///
/// `average` serves the BatchNorm1d, 2d and 3d modules that a pass uses once; split copies are
/// modules like others. `biased_average` needs them to run through `convolution_norm` or
/// `adjusted_norm`, as those of this library do: only there the number of values is known.
///
/// *Throws* c10::Error for less than 1 batch, and for a BatchNorm that `biased_average` cannot
/// follow. *Source*: paper Appendix B (`paper`); the reference
/// draws further training batches for each architecture.
template <class Network, SearchSpace Space, BatchSource Source>
void recalibrate(Network& network, const Architecture<Space>& architecture, const Source& data,
                 const Recalibration& recalibration) {
  detail::check(recalibration);
  detail::RecalibratedNetwork parts(*network);
  detail::recalibrate(network, parts, architecture, data, recalibration);
}

/// The paper's recalibration with some number of batches; 0 for none.
template <class Network, SearchSpace Space, BatchSource Source>
void recalibrate(Network& network, const Architecture<Space>& architecture, const Source& data,
                 std::int64_t batches = 20) {
  recalibrate(network, architecture, data,
              batches > 0 ? Recalibration::paper(batches) : Recalibration::none());
}

}  // namespace interchoice
