#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "interchoice/nn/detail/thread_scope.hpp"

namespace interchoice::detail {

/// While it lives, how many values a channel had in the latest pass of each BatchNorm of this
/// thread that ran through `adjusted_norm` or `convolution_norm`: a libtorch module does not tell,
/// and its running variance is the unbiased one only.
class NormalisedValues : public ThreadScope<NormalisedValues> {
 public:
  /// Takes note that x [N, C, ...] goes through the BatchNorm with this running mean.
  static void note(const at::Tensor& running_mean, const at::Tensor& x) {
    if (current() != nullptr && running_mean.defined()) {
      note(running_mean, x.numel() / x.size(1));
    }
  }

  /// The same of so many values a channel.
  static void note(const at::Tensor& running_mean, std::int64_t count) {
    if (current() == nullptr || !running_mean.defined()) return;
    current()->counts_[running_mean.unsafeGetTensorImpl()] = count;
  }

  /// The same, for all BatchNorms of `counts`.
  static void note(const std::unordered_map<const void*, std::int64_t>& counts) {
    if (current() == nullptr) return;
    for (const auto& [norm, count] : counts) current()->counts_[norm] = count;
  }
  /// By the address of the running mean.
  const std::unordered_map<const void*, std::int64_t>& counts() const { return counts_; }

  /// Nothing for a BatchNorm that did not run.
  std::optional<std::int64_t> of(const at::Tensor& running_mean) const {
    const auto found = counts_.find(running_mean.unsafeGetTensorImpl());
    return found == counts_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::unordered_map<const void*, std::int64_t> counts_{};
};

}  // namespace interchoice::detail
