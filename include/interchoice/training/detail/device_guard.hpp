#pragma once

#include <ATen/EmptyTensor.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/nn/device.hpp"
#include "interchoice/training/detail/all_finite.hpp"
#include "interchoice/training/detail/step_guard.hpp"
#include "interchoice/training/detail/step_origin.hpp"
#include "interchoice/training/step_outcome.hpp"

namespace interchoice::detail {

/// The guard of a network on a device that the host does not wait for: steps are judged there, by
/// libtorch's operators, and buffers put back there. Once one is not finite all later ones change
/// nothing either, until the host reads that and undoes the rest.
class DeviceGuard final : public StepGuard {
 public:
  void watch(const torch::nn::Module& network, const torch::optim::Optimizer& optimizer) override {
    named_ = network.named_buffers().pairs();
    look_up_buffers();
    origin_.watch(network, optimizer);
    const at::TensorOptions options = at::TensorOptions(device_of(network)).dtype(at::kFloat);
    halt_ = at::zeros({1}, options);
    one_ = at::ones({1}, options);
  }

  void note() override {
    const c10::NoGradGuard no_grad;
    if (has_moved()) look_up_buffers();
    for (Kind& group : groups_) group.before = at::cat(group.buffers);
    std::vector<at::Tensor> others;
    for (const at::Tensor& buffer : others_) others.push_back(buffer.clone());
    unread_.push_back({origin_.note(), std::move(others)});
  }

  void put_back() override {
    const c10::NoGradGuard no_grad;
    for (Kind& group : groups_) group.set(group.before);
    put_back(unread_.back());
    unread_.pop_back();
  }

  at::Tensor has_bad_buffers() override {
    const c10::NoGradGuard no_grad;
    at::Tensor found = at::zeros_like(halt_);
    for (Kind& group : groups_) {
      group.after = at::cat(group.buffers);
      if (!group.after.is_floating_point()) continue;
      const at::Tensor has_gone = at::isfinite(group.before) & ~at::isfinite(group.after);
      found = at::maximum(found, has_gone.any().to(halt_.options()));
    }
    return found;
  }

  void judge(const torch::nn::Module& /*network*/, const torch::optim::Optimizer& /*optimizer*/,
             const std::vector<at::Tensor>& losses, const std::vector<at::Tensor>& changed,
             const at::Tensor& bad_buffers = {}) override {
    const c10::NoGradGuard no_grad;
    std::vector<at::Tensor> values;
    for (const at::Tensor& loss : losses) {
      values.push_back(loss.reshape({1}).to(halt_.options().dtype(at::kDouble)));
    }
    at::Tensor found = is_bad(values.size() == 1 ? values[0] : at::cat(values));
    std::vector<at::Tensor> gradients;
    for (const at::Tensor& gradient : changed) {
      if (gradient.layout() == at::kStrided && has_known_exponent(gradient.scalar_type()) &&
          gradient.device() == halt_.device()) {
        gradients.push_back(gradient);
      } else {
        found = at::maximum(
            found, is_bad(gradient.is_sparse() ? gradient._values() : gradient).to(halt_.device()));
      }
    }
    if (!gradients.empty()) {
      at::_amp_foreach_non_finite_check_and_unscale_(gradients, found, one_);
    }
    found = at::maximum(found, bad_buffers.defined() ? bad_buffers.reshape({1}).to(halt_.options())
                                                     : has_bad_buffers());
    at::maximum_out(halt_, halt_, found.gt(0).to(halt_.options()));
    const at::Tensor halted = halt_ != 0;
    for (Kind& group : groups_) {
      group.set(at::where(halted.to(group.before.device()), group.before, group.after));
    }
    values.push_back(halt_.to(at::kDouble));
    unread_.back().values = at::cat(values);
  }

  at::Tensor halt() const override { return halt_; }

  bool is_halted(bool waits) override {
    if (waits && !is_halted_) is_halted_ = halt_.item<float>() != 0;
    return is_halted_;
  }

  std::vector<StepOutcome> read(const torch::nn::Module& network,
                                const torch::optim::Optimizer& optimizer) override {
    if (unread_.empty()) return {};
    std::vector<at::Tensor> parts;
    for (const Unread& step : unread_) parts.push_back(step.values);
    const at::Tensor all = at::cat(parts).cpu();  // the only wait
    const double* value = all.const_data_ptr<double>();
    std::vector<StepOutcome> outcomes;
    for (const Unread& step : unread_) {
      const auto count = static_cast<std::size_t>(step.values.numel() - 1);
      StepOutcome& outcome = outcomes.emplace_back();
      outcome.losses.assign(value, value + count);
      const bool is_bad = value[count] != 0;
      value += count + 1;
      if (!is_bad) continue;
      outcome.fault = fault_of(outcome, network, optimizer, &step == &unread_.back());
      put_back(unread_[outcomes.size() - 1]);
      halt_.zero_();
      break;
    }
    unread_.clear();
    is_halted_ = false;
    return outcomes;
  }

 private:
  /// Buffers of one type and device, each as the row of memory that it lies in.
  struct Kind {
    std::vector<at::Tensor> buffers = {};
    std::vector<std::int64_t> sizes = {};
    std::vector<std::string> names = {};
    at::Tensor before = {};  // the last step, one buffer after another
    at::Tensor after = {};

    void set(const at::Tensor& values) {
      at::_foreach_copy_(buffers, values.split_with_sizes(sizes));
    }
  };
  struct Unread {
    StepOrigin::Note noted;
    std::vector<at::Tensor> others;
    at::Tensor values = {};  // losses, and whether anything was bad up to here
  };

  void look_up_buffers() {
    groups_.clear();
    others_.clear();
    places_.clear();
    for (const auto& [name, buffer] : named_) {
      if (buffer.layout() != at::kStrided) {
        others_.push_back(buffer);
        continue;
      }
      places_.push_back(buffer.const_data_ptr());
      const at::TensorOptions options = buffer.options();
      auto group = std::find_if(groups_.begin(), groups_.end(), [&](const Kind& other) {
        return other.buffers[0].dtype() == options.dtype() &&
               other.buffers[0].device() == options.device();
      });
      if (group == groups_.end()) group = groups_.emplace(group);
      const auto size = static_cast<std::size_t>(buffer.element_size());
      const auto count = static_cast<std::int64_t>(
          at::detail::computeStorageNbytes(buffer.sizes(), buffer.strides(), size) / size);
      group->buffers.push_back(buffer.detach().as_strided({count}, {1}));
      group->sizes.push_back(count);
      group->names.push_back(name);
    }
  }

  bool has_moved() const {
    std::size_t place = 0;
    for (const auto& item : named_) {
      if (item.second.layout() != at::kStrided) continue;
      if (place == places_.size() || places_[place] != item.second.const_data_ptr()) return true;
      ++place;
    }
    return false;
  }

  void put_back(const Unread& step) {
    const c10::NoGradGuard no_grad;
    for (std::size_t i = 0; i < others_.size(); ++i) others_[i].copy_(step.others[i]);
    origin_.put_back(step.noted);
  }

  /// One float: 1 if any number of a tensor is not finite, else 0.
  static at::Tensor is_bad(const at::Tensor& values) {
    return (~at::isfinite(values.detach())).any().reshape({1}).to(at::kFloat);
  }

  /// Gradients and buffers have names as long as no step has come after.
  std::string fault_of(const StepOutcome& outcome, const torch::nn::Module& network,
                       const torch::optim::Optimizer& optimizer, bool is_last) const {
    std::string fault = fault_of_losses(outcome.losses);
    if (fault.empty() && is_last) fault = fault_of_gradients(network, optimizer);
    if (fault.empty() && is_last) fault = fault_of_buffers();
    return fault.empty() ? "a gradient or a buffer is not finite" : fault;
  }

  std::string fault_of_buffers() const {
    for (const Kind& group : groups_) {
      if (!group.after.is_floating_point()) continue;
      const auto before = group.before.split_with_sizes(group.sizes);
      const auto after = group.after.split_with_sizes(group.sizes);
      for (std::size_t i = 0; i < group.names.size(); ++i) {
        if ((at::isfinite(before[i]) & ~at::isfinite(after[i])).any().item<bool>()) {
          return fmt::format("the buffer '{}' would not be finite", group.names[i]);
        }
      }
    }
    return {};
  }

  std::vector<std::pair<std::string, at::Tensor>> named_;  // all buffers
  std::vector<const void*> places_;                        // of the strided ones
  std::vector<Kind> groups_;
  std::vector<at::Tensor> others_;  // buffers of another layout
  StepOrigin origin_;
  at::Tensor halt_;
  at::Tensor one_;
  std::vector<Unread> unread_;
  bool is_halted_ = false;
};

}  // namespace interchoice::detail
