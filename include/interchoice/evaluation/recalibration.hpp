#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>

namespace interchoice {

/// The statistics that BatchNorm normalises by when an architecture is evaluated. A value; make one
/// with a named maker:
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
  /// The forms above, by their names.
  enum class Method {
    kNone,
    kMomentum,
    kResetMomentum,
    kAverage,
    kBiasedAverage,
    kBatchStatistics
  };

  Method method = Method::kMomentum;
  std::int64_t batches = 20;  ///< of those methods that calibrate

  /// The statistics of the training are used.
  static constexpr Recalibration none() { return {Method::kNone, 0}; }
  /// The running statistics move on with the usual momentum.
  static constexpr Recalibration paper(std::int64_t batches = 20) {
    return {Method::kMomentum, batches};
  }
  /// The same, after they were set to 0 and 1.
  static constexpr Recalibration reset_first(std::int64_t batches = 20) {
    return {Method::kResetMomentum, batches};
  }
  /// The mean of the batches' statistics.
  static constexpr Recalibration average(std::int64_t batches = 20) {
    return {Method::kAverage, batches};
  }
  /// The same with the biased variance.
  static constexpr Recalibration biased_average(std::int64_t batches = 20) {
    return {Method::kBiasedAverage, batches};
  }
  /// Each batch is normalised by its own statistics, in evaluation, too.
  static constexpr Recalibration batch_statistics() { return {Method::kBatchStatistics, 0}; }

  /// Whether calibration batches are run at all.
  constexpr bool calibrates() const {
    return method != Method::kNone && method != Method::kBatchStatistics;
  }

  friend constexpr bool operator==(const Recalibration&, const Recalibration&) = default;
};

/// A recalibration in words: `none`, `momentum(20)`, `reset,momentum(20)`, `average(20)`,
/// `biased_average(20)`, `batch_statistics`.
inline std::string to_text(const Recalibration& recalibration) {
  constexpr const char* kNames[] = {"none",    "momentum",       "reset,momentum",
                                    "average", "biased_average", "batch_statistics"};
  const char* const name = kNames[static_cast<int>(recalibration.method)];
  return recalibration.calibrates() ? fmt::format("{}({})", name, recalibration.batches) : name;
}

}  // namespace interchoice
