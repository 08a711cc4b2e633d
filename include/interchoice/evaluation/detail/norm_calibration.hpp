#pragma once

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "interchoice/data/any_batch_source.hpp"
#include "interchoice/evaluation/detail/batch_norms.hpp"
#include "interchoice/evaluation/recalibration.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/nn/normalised_values.hpp"

namespace interchoice::detail {

/// Gives every BatchNorm a momentum of 1 while it lives: running statistics are the last batch's.
class LastBatchOnly {
 public:
  explicit LastBatchOnly(const std::vector<RunningNorm>& norms) : norms_(norms) {
    for (const RunningNorm& norm : norms_) {
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
  const std::vector<RunningNorm>& norms_;
  std::vector<std::optional<double>> kept_;
};

/// A recalibration of one network, whose BatchNorms and device are looked up once.
class NormCalibration {
 public:
  NormCalibration(torch::nn::Module& network, const Recalibration& recalibration)
      : network_(network),
        recalibration_(recalibration),
        device_(device_of(network)),
        norms_(running_norms(network)) {
    TORCH_CHECK(!recalibration.calibrates() || recalibration.batches >= 1,
                "interchoice: a recalibration needs at least 1 batch, got ", recalibration.batches,
                "; take Recalibration::none() for none");
  }

  at::Device device() const { return device_; }

  /// Where the recalibration says so, statistics are those of a new BatchNorm: mean 0, variance 1,
  /// no batch seen.
  void reset() {
    if (recalibration_.method != Recalibration::Method::kResetMomentum) return;
    const c10::NoGradGuard no_grad;
    for (RunningNorm& norm : norms_) {
      norm.mean.zero_();
      norm.variance.fill_(1);
      norm.batches.zero_();
    }
  }

  /// Runs `pass(i)` for each calibration batch, in training mode and without gradients, so that the
  /// statistics of the BatchNorms that it uses become what the recalibration says. Leaves the
  /// network in evaluation mode.
  void calibrate(const std::function<void(std::int64_t)>& pass) {
    if (recalibration_.calibrates()) {
      const c10::NoGradGuard no_grad;
      network_.train();
      if (recalibration_.method == Recalibration::Method::kAverage ||
          recalibration_.method == Recalibration::Method::kBiasedAverage) {
        average(pass);
      } else {
        for (std::int64_t i = 0; i < recalibration_.batches; ++i) pass(i);
      }
    }
    evaluation_mode();
  }

  /// All of it, with the whole network as the pass.
  void run(const AnyBatchSource& data, const std::function<void(const at::Tensor&)>& forward) {
    reset();
    calibrate([&](std::int64_t i) { forward(on_device(data.calibration(i), device_).data); });
  }

  /// Evaluation mode; BatchNorms that are to take the batch's statistics are in training mode.
  void evaluation_mode() {
    network_.eval();
    if (recalibration_.method != Recalibration::Method::kBatchStatistics) return;
    for (const RunningNorm& norm : norms_) norm.module->train();
  }

 private:
  void average(const std::function<void(std::int64_t)>& pass) {
    struct Sum {
      at::Tensor mean;
      at::Tensor variance;
    };
    std::vector<Sum> sums(norms_.size());
    std::vector<std::int64_t> versions(norms_.size());
    const LastBatchOnly momentum(norms_);
    const NormalisedValues values;
    for (std::int64_t i = 0; i < recalibration_.batches; ++i) {
      for (std::size_t k = 0; k < norms_.size(); ++k) versions[k] = norms_[k].batches._version();
      pass(i);
      for (std::size_t k = 0; k < norms_.size(); ++k) {
        if (norms_[k].batches._version() == versions[k]) continue;  // it did not run
        const at::Tensor mean = norms_[k].mean.to(at::kDouble);
        at::Tensor variance = norms_[k].variance.to(at::kDouble);
        if (recalibration_.method == Recalibration::Method::kBiasedAverage) {
          variance = variance * bias_factor(norms_[k], values);
        }
        sums[k].mean = sums[k].mean.defined() ? sums[k].mean + mean : mean;
        sums[k].variance = sums[k].variance.defined() ? sums[k].variance + variance : variance;
      }
    }
    const auto count = static_cast<double>(recalibration_.batches);
    for (std::size_t k = 0; k < norms_.size(); ++k) {
      if (!sums[k].mean.defined()) continue;
      norms_[k].mean.copy_(sums[k].mean / count);
      norms_[k].variance.copy_(sums[k].variance / count);
    }
  }

  // The last batch's biased variance over its unbiased one.
  static double bias_factor(const RunningNorm& norm, const NormalisedValues& values) {
    const std::optional<std::int64_t> count = values.of(norm.mean);
    TORCH_CHECK(count, "interchoice: biased_average: BatchNorm '", norm.name,
                "' does not run through convolution_norm or adjusted_norm, so the number of its "
                "values is unknown; call one of them in its module, or take "
                "Recalibration::average");
    return static_cast<double>(*count - 1) / static_cast<double>(*count);
  }

  torch::nn::Module& network_;
  Recalibration recalibration_;
  at::Device device_;
  std::vector<RunningNorm> norms_;
};

}  // namespace interchoice::detail
