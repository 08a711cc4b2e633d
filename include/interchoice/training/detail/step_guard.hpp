#pragma once

#include <ATen/EmptyTensor.h>
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "interchoice/nn/detail/generators.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/training/detail/all_finite.hpp"

namespace interchoice::detail {

/// The losses of a step, and what of it is not finite; an empty text if nothing.
struct StepOutcome {
  std::vector<double> losses;
  std::string fault = {};
};

/// What a step changes before its optimizer does, kept so that it can be put back: buffers,
/// libtorch's generators, and which parameters have a gradient.
///
/// On the CPU all buffers are copied, and all changed gradients read, as plain memory: calls of
/// libtorch's operators for each of a super-network's tensors would cost more than the guard may.
class StepGuard {
 public:
  /// Looks up the tensors of a network and its optimizer; again whenever they get more.
  void watch(const torch::nn::Module& network, const torch::optim::Optimizer& optimizer) {
    const c10::NoGradGuard no_grad;
    buffers_.clear();
    far_buffers_.clear();
    far_saved_.clear();
    far_finite_.clear();
    for (const auto& item : network.named_buffers()) {
      const at::Tensor& buffer = item.value();
      if (buffer.device().is_cpu() && buffer.layout() == at::kStrided) {
        buffers_.push_back({item.key(), buffer});
      } else {
        far_buffers_.push_back(buffer);
        far_saved_.push_back(at::empty_like(buffer));
        far_finite_.push_back(buffer.is_floating_point() && all_finite(buffer));
      }
    }
    parameters_ = network.parameters();
    std::unordered_set<const void*> known;
    for (const at::Tensor& p : parameters_) known.insert(p.unsafeGetTensorImpl());
    for (const auto& group : optimizer.param_groups()) {
      for (const at::Tensor& p : group.params()) {
        if (known.insert(p.unsafeGetTensorImpl()).second) parameters_.push_back(p);
      }
    }
    generators_.clear();
    for (const auto& [name, generator] : generators(device_of(network))) {
      generators_.push_back({generator, {}});
    }
  }

  /// Takes note of what there is before a step, before gradients are cleared.
  void note() {
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
    if (!far_buffers_.empty()) {
      const c10::NoGradGuard no_grad;
      at::_foreach_copy_(far_saved_, far_buffers_);
    }
    for (auto& [generator, state] : generators_) state = state_of(generator);
    has_gradient_.resize(parameters_.size());
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      has_gradient_[i] = parameters_[i].grad().defined();
    }
  }

  /// Takes note of the gradients of what the optimizer trains, once they are cleared: those of the
  /// weights off the path, which stay what they are, need not be read.
  void note_gradients(const torch::optim::Optimizer& optimizer) {
    cleared_.clear();
    for (const auto& group : optimizer.param_groups()) {
      for (const at::Tensor& p : group.params()) cleared_.push_back(mark_of(p.grad()));
    }
  }

  /// Puts back what was noted. Gradients that were there are zero then.
  void put_back() {
    const c10::NoGradGuard no_grad;
    for (Buffer& buffer : buffers_) {
      TORCH_CHECK(bytes_of(buffer.tensor) == buffer.bytes, "interchoice: the buffer '", buffer.name,
                  "' has another size after a step that failed; buffers are to keep theirs");
      std::copy_n(saved_.data() + buffer.begin, buffer.bytes,
                  static_cast<char*>(buffer.tensor.mutable_data_ptr()));
    }
    if (!far_buffers_.empty()) at::_foreach_copy_(far_buffers_, far_saved_);
    for (auto& [generator, state] : generators_) set_state(generator, state);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      at::Tensor& gradient = parameters_[i].mutable_grad();
      if (!has_gradient_[i]) {
        gradient.reset();
      } else if (gradient.defined()) {
        gradient.zero_();
      } else {
        gradient = at::zeros_like(parameters_[i]);
      }
    }
  }

  /// Reads the losses, and checks them, the gradients of what the optimizer trains, and the
  /// buffers. What was not finite before the step, such as a mask of infinities, may be so after
  /// it. On a GPU the losses and the result of the checks are read together, with one wait.
  StepOutcome outcome(const torch::nn::Module& network, const torch::optim::Optimizer& optimizer,
                      const std::vector<at::Tensor>& losses) {
    const c10::NoGradGuard no_grad;
    changed_.clear();
    std::vector<at::Tensor> far;  // on a GPU
    bool is_finite = true;
    std::size_t place = 0;
    for (const auto& group : optimizer.param_groups()) {
      for (const at::Tensor& p : group.params()) {
        const at::Tensor& gradient = p.grad();
        const bool is_cleared = place < cleared_.size() && cleared_[place] == mark_of(gradient);
        ++place;
        if (is_cleared || !gradient.defined()) continue;
        if (is_plain(gradient)) {
          changed_.add(gradient);
        } else if (gradient.is_cuda() && has_known_exponent(gradient.scalar_type()) &&
                   gradient.layout() == at::kStrided) {
          far.push_back(gradient);
        } else {
          is_finite = is_finite && all_finite(gradient);
        }
      }
    }
    is_finite = is_finite && changed_.are_finite() &&
                std::all_of(buffers_.begin(), buffers_.end(),
                            [&](const Buffer& buffer) { return is_as_finite_as_before(buffer); });
    for (std::size_t i = 0; i < far_buffers_.size(); ++i) {
      if (far_finite_[i]) far.push_back(far_buffers_[i]);
    }
    auto [values, is_far_finite] = read(losses, far);
    StepOutcome outcome{std::move(values)};
    const auto bad = std::find_if(outcome.losses.begin(), outcome.losses.end(),
                                  [](double loss) { return !std::isfinite(loss); });
    if (bad != outcome.losses.end()) {
      outcome.fault = fmt::format("the loss is {}", *bad);
    } else if (!is_finite || !is_far_finite) {
      outcome.fault = culprit(network, optimizer);
    }
    return outcome;
  }

 private:
  struct Buffer {
    std::string name;
    at::Tensor tensor;
    std::size_t begin = 0;  // within `saved_`
    std::size_t bytes = 0;
  };
  /// A tensor at one time: another tensor, or the same one after a change, has another mark.
  struct Mark {
    const void* tensor;
    std::uint32_t version;
    friend bool operator==(const Mark&, const Mark&) = default;
  };

  static Mark mark_of(const at::Tensor& tensor) {
    if (!tensor.defined()) return {nullptr, 0};
    return {tensor.unsafeGetTensorImpl(),
            tensor.unsafeGetTensorImpl()->version_counter().current_version()};
  }

  /// The part of memory in which a tensor lies.
  static std::size_t bytes_of(const at::Tensor& tensor) {
    if (tensor.is_non_overlapping_and_dense()) return tensor.nbytes();
    return at::detail::computeStorageNbytes(tensor.sizes(), tensor.strides(), size_of(tensor));
  }
  static std::size_t size_of(const at::Tensor& tensor) {  // of an element
    return static_cast<std::size_t>(tensor.element_size());
  }

  bool is_as_finite_as_before(const Buffer& buffer) const {
    const at::ScalarType type = buffer.tensor.scalar_type();
    if (!has_known_exponent(type)) return true;
    const auto count = static_cast<std::int64_t>(buffer.bytes / size_of(buffer.tensor));
    return all_finite(type, buffer.tensor.const_data_ptr(), count) ||
           !all_finite(type, saved_.data() + buffer.begin, count);
  }

  /// The losses, and whether the tensors on a GPU are finite.
  static std::pair<std::vector<double>, bool> read(const std::vector<at::Tensor>& losses,
                                                   const std::vector<at::Tensor>& far) {
    if (far.empty()) {
      std::vector<double> values;
      for (const at::Tensor& loss : losses) values.push_back(loss.item<double>());
      return {std::move(values), true};
    }
    const at::TensorOptions options = far.front().options().dtype(at::kFloat);
    at::Tensor found = at::zeros({1}, options);
    at::_amp_foreach_non_finite_check_and_unscale_(far, found, at::ones({1}, options));
    std::vector<at::Tensor> parts;
    for (const at::Tensor& loss : losses) {
      parts.push_back(loss.reshape({1}).to(options.dtype(at::kDouble)));
    }
    parts.push_back(found.to(at::kDouble));
    const at::Tensor all = at::cat(parts).cpu();
    const auto* const values = all.const_data_ptr<double>();
    return {std::vector<double>(values, values + losses.size()), values[losses.size()] == 0};
  }

  /// What of gradients and buffers is not finite, by name.
  std::string culprit(const torch::nn::Module& network,
                      const torch::optim::Optimizer& optimizer) const {
    const auto name_of = [&](const at::Tensor& parameter) {
      for (const auto& item : network.named_parameters()) {
        if (item.value().is_same(parameter)) return fmt::format("'{}'", item.key());
      }
      return std::string("a parameter that is not the network's");
    };
    for (const auto& group : optimizer.param_groups()) {
      for (const at::Tensor& p : group.params()) {
        if (p.grad().defined() && !all_finite(p.grad())) {
          return fmt::format("the gradient of {} is not finite", name_of(p));
        }
      }
    }
    for (const Buffer& buffer : buffers_) {
      if (!is_as_finite_as_before(buffer)) {
        return fmt::format("the buffer '{}' would not be finite", buffer.name);
      }
    }
    for (std::size_t i = 0; i < far_buffers_.size(); ++i) {
      if (far_finite_[i] && !all_finite(far_buffers_[i]) && all_finite(far_saved_[i])) {
        return "a buffer would not be finite";
      }
    }
    return {};
  }

  std::vector<Buffer> buffers_;  // on the CPU
  std::vector<char> saved_;      // their bytes
  std::vector<at::Tensor> far_buffers_;
  std::vector<at::Tensor> far_saved_;
  std::vector<bool> far_finite_;
  std::vector<std::pair<at::Generator, at::Tensor>> generators_;
  std::vector<at::Tensor> parameters_;  // of the network and the optimizer
  std::vector<bool> has_gradient_;
  std::vector<Mark> cleared_;
  PlainTensors changed_;
};

}  // namespace interchoice::detail
