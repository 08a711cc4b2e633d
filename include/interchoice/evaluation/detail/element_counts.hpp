#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace interchoice::detail {

/// Sees the calls of `batch_norm` on this thread while it lives: how many numbers a channel each
/// had, by the running mean that was given to it.
class ElementCounts {
 public:
  ElementCounts()
      : outer_(std::exchange(current(), this)),
        handle_(
            at::addThreadLocalCallback(at::RecordFunctionCallback(&see).needsInputs(true).scopes(
                {at::RecordScope::FUNCTION}))) {}
  ~ElementCounts() {
    at::removeCallback(handle_);
    current() = outer_;
  }
  ElementCounts(const ElementCounts&) = delete;
  ElementCounts& operator=(const ElementCounts&) = delete;

  /// That of the last call; 0 if there was none.
  double of(const at::Tensor& running_mean) const {
    const auto found = counts_.find(running_mean.const_data_ptr());
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  static ElementCounts*& current() {
    static thread_local ElementCounts* counts = nullptr;
    return counts;
  }

  static std::unique_ptr<at::ObserverContext> see(const at::RecordFunction& function) {
    if (std::string_view(function.name()) != "aten::batch_norm") return nullptr;
    const auto inputs = function.inputs();
    if (inputs.size() < 4 || !inputs[0].isTensor() || !inputs[3].isTensor()) return nullptr;
    const at::Tensor& x = inputs[0].toTensor();
    const at::Tensor& running_mean = inputs[3].toTensor();
    if (running_mean.defined()) {
      current()->counts_[running_mean.const_data_ptr()] =
          static_cast<double>(x.numel() / x.size(1));
    }
    return nullptr;
  }

  ElementCounts* outer_;
  at::CallbackHandle handle_;
  std::unordered_map<const void*, double> counts_;
};

}  // namespace interchoice::detail
