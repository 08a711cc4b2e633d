#pragma once

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "interchoice/evaluation/detail/batch_norms.hpp"
#include "interchoice/nn/normalised_values.hpp"

namespace interchoice::detail {

/// How calibration batches become running statistics.
enum class NormUpdate { kMomentum, kAverage, kBiasedAverage };

/// Gives every BatchNorm a momentum of 1 while it lives: running statistics are the last batch's.
class LastBatchOnly {
 public:
  explicit LastBatchOnly(std::vector<RunningNorm>& norms) : norms_(norms) {
    for (RunningNorm& norm : norms_) {
      kept_.push_back(norm.options->momentum());
      norm.options->momentum(1.0);
    }
  }
  ~LastBatchOnly() {
    for (std::size_t i = 0; i < norms_.size(); ++i) norms_[i].options->momentum(kept_[i]);
  }
  LastBatchOnly(const LastBatchOnly&) = delete;
  LastBatchOnly& operator=(const LastBatchOnly&) = delete;

 private:
  std::vector<RunningNorm>& norms_;
  std::vector<std::optional<double>> kept_;
};

/// Sets all statistics to those of a new BatchNorm: mean 0, variance 1, no batch seen.
inline void reset_statistics(std::vector<RunningNorm>& norms) {
  const c10::NoGradGuard no_grad;
  for (RunningNorm& norm : norms) {
    norm.mean.zero_();
    norm.variance.fill_(1);
    norm.batches.zero_();
  }
}

/// What the last batch's unbiased variance has to be multiplied by to be the biased one.
inline double bias_factor(const RunningNorm& norm, const NormalisedValues& values) {
  const std::int64_t count = values.of(norm.mean);
  TORCH_CHECK(count > 0, "interchoice: biased_average: BatchNorm '", norm.name,
              "' does not run through convolution_norm or adjusted_norm, so the number of its "
              "values is unknown; call one of them in its module, or take Recalibration::average");
  return static_cast<double>(count - 1) / static_cast<double>(count);
}

/// Runs `pass(i)` for each calibration batch, in training mode and without gradients, so that the
/// statistics of the norms that it uses become what `update` says. Leaves the network in training
/// mode.
template <class Pass>
void calibrate_norms(torch::nn::Module& network, std::vector<RunningNorm>& norms, NormUpdate update,
                     std::int64_t batches, const Pass& pass) {
  const c10::NoGradGuard no_grad;
  network.train();
  if (update == NormUpdate::kMomentum) {
    for (std::int64_t i = 0; i < batches; ++i) pass(i);
    return;
  }
  struct Sum {
    at::Tensor mean;
    at::Tensor variance;
  };
  std::vector<Sum> sums(norms.size());
  std::vector<std::int64_t> versions(norms.size());
  const LastBatchOnly momentum(norms);
  const NormalisedValues values;
  for (std::int64_t i = 0; i < batches; ++i) {
    for (std::size_t k = 0; k < norms.size(); ++k) versions[k] = norms[k].version();
    pass(i);
    for (std::size_t k = 0; k < norms.size(); ++k) {
      if (norms[k].version() == versions[k]) continue;
      const at::Tensor mean = norms[k].mean.to(at::kDouble);
      at::Tensor variance = norms[k].variance.to(at::kDouble);
      if (update == NormUpdate::kBiasedAverage) {
        variance = variance * bias_factor(norms[k], values);
      }
      sums[k].mean = sums[k].mean.defined() ? sums[k].mean + mean : mean;
      sums[k].variance = sums[k].variance.defined() ? sums[k].variance + variance : variance;
    }
  }
  for (std::size_t k = 0; k < norms.size(); ++k) {
    if (!sums[k].mean.defined()) continue;
    norms[k].mean.copy_(sums[k].mean / static_cast<double>(batches));
    norms[k].variance.copy_(sums[k].variance / static_cast<double>(batches));
  }
}

}  // namespace interchoice::detail
