#pragma once

#include <ATen/EmptyTensor.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/training/detail/all_finite.hpp"
#include "interchoice/training/detail/step_guard.hpp"
#include "interchoice/training/detail/step_origin.hpp"
#include "interchoice/training/step_outcome.hpp"

namespace interchoice::detail {

/// The guard of a network on the CPU, which judges a step at once.
///
/// Buffers are copied and changed gradients read as plain memory: calls of libtorch's operators for
/// each of a super-network's tensors would cost more than the guard may.
class HostGuard final : public StepGuard {
 public:
  void watch(const torch::nn::Module& network, const torch::optim::Optimizer& optimizer) override {
    buffers_.clear();
    others_.clear();
    for (const auto& item : network.named_buffers()) {
      const at::Tensor& buffer = item.value();
      if (buffer.layout() == at::kStrided) {
        buffers_.push_back({item.key(), buffer});
      } else {
        others_.push_back({buffer, {}});
      }
    }
    origin_.watch(network, optimizer);
  }

  void note() override {
    std::size_t bytes = 0;
    for (Buffer& buffer : buffers_) {
      TORCH_CHECK(buffer.tensor.device().is_cpu(), "interchoice: the network was moved to ",
                  buffer.tensor.device(),
                  " within an epoch; move it before PathStep::begin or TrainingRun");
      buffer.begin = bytes;
      buffer.bytes = bytes_of(buffer.tensor);
      bytes += buffer.bytes;
    }
    saved_.resize(bytes);
    for (const Buffer& buffer : buffers_) {
      std::copy_n(static_cast<const char*>(buffer.tensor.const_data_ptr()), buffer.bytes,
                  saved_.data() + buffer.begin);
    }
    for (auto& [buffer, saved] : others_) saved = buffer.clone();
    noted_ = origin_.note();
  }

  void put_back() override {
    const c10::NoGradGuard no_grad;
    for (Buffer& buffer : buffers_) {
      TORCH_CHECK(bytes_of(buffer.tensor) == buffer.bytes, "interchoice: the buffer '", buffer.name,
                  "' has another size after a step that failed; buffers are to keep theirs");
      std::copy_n(saved_.data() + buffer.begin, buffer.bytes,
                  static_cast<char*>(buffer.tensor.mutable_data_ptr()));
    }
    for (auto& [buffer, saved] : others_) buffer.copy_(saved);
    origin_.put_back(noted_);
  }

  at::Tensor has_bad_buffers() override {
    return at::full({}, fault_of_buffers().empty() ? 0 : 1, at::TensorOptions(at::kFloat));
  }

  void judge(const torch::nn::Module& network, const torch::optim::Optimizer& optimizer,
             const std::vector<at::Tensor>& losses, const std::vector<at::Tensor>& changed,
             const at::Tensor& bad_buffers = {}) override {
    const c10::NoGradGuard no_grad;
    StepOutcome outcome;
    for (const at::Tensor& loss : losses) outcome.losses.push_back(loss.item<double>());
    outcome.fault = fault_of_losses(outcome.losses);
    if (outcome.fault.empty() && !are_finite(changed)) {
      outcome.fault = fault_of_gradients(network, optimizer);
    }
    if (outcome.fault.empty()) outcome.fault = fault_of_buffers();
    if (outcome.fault.empty() && bad_buffers.defined() && bad_buffers.item<double>() > 0) {
      outcome.fault = "a buffer of another rank would not be finite";
    }
    if (!outcome.fault.empty()) {
      put_back();
      is_halted_ = true;
    }
    unread_.push_back(std::move(outcome));
  }

  at::Tensor halt() const override { return {}; }
  bool is_halted(bool /*waits*/) override { return is_halted_; }

  std::vector<StepOutcome> read(const torch::nn::Module& /*network*/,
                                const torch::optim::Optimizer& /*optimizer*/) override {
    is_halted_ = false;
    return std::exchange(unread_, {});
  }

 private:
  struct Buffer {
    std::string name;
    at::Tensor tensor;
    std::size_t begin = 0;  // within `saved_`
    std::size_t bytes = 0;
  };

  /// The part of memory in which a tensor lies.
  static std::size_t bytes_of(const at::Tensor& tensor) {
    if (tensor.is_non_overlapping_and_dense()) return tensor.nbytes();
    return at::detail::computeStorageNbytes(tensor.sizes(), tensor.strides(), size_of(tensor));
  }
  static std::size_t size_of(const at::Tensor& tensor) {  // of an element
    return static_cast<std::size_t>(tensor.element_size());
  }

  bool are_finite(const std::vector<at::Tensor>& gradients) {
    plain_.clear();
    bool are_others_finite = true;
    for (const at::Tensor& gradient : gradients) {
      if (is_plain(gradient)) {
        plain_.add(gradient);
      } else {
        are_others_finite = are_others_finite && all_finite(gradient);
      }
    }
    return are_others_finite && plain_.are_finite();
  }

  std::string fault_of_buffers() const {
    for (const Buffer& buffer : buffers_) {
      const at::ScalarType type = buffer.tensor.scalar_type();
      if (!has_known_exponent(type)) continue;
      const auto count = static_cast<std::int64_t>(buffer.bytes / size_of(buffer.tensor));
      if (!all_finite(type, buffer.tensor.const_data_ptr(), count) &&
          all_finite(type, saved_.data() + buffer.begin, count)) {
        return fmt::format("the buffer '{}' would not be finite", buffer.name);
      }
    }
    return {};
  }

  std::vector<Buffer> buffers_;
  std::vector<char> saved_;                                // their bytes
  std::vector<std::pair<at::Tensor, at::Tensor>> others_;  // buffers of another layout
  StepOrigin origin_;
  StepOrigin::Note noted_;
  PlainTensors plain_;
  std::vector<StepOutcome> unread_;
  bool is_halted_ = false;
};

}  // namespace interchoice::detail
