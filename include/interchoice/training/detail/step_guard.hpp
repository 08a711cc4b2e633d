#pragma once

#include <ATen/core/Tensor.h>
#include <fmt/core.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "interchoice/training/detail/all_finite.hpp"
#include "interchoice/training/step_outcome.hpp"

namespace interchoice::detail {

/// Judges steps, and keeps what a step changes before its optimizer does, so that one that is not
/// finite can be undone. What was not finite before a step, such as a mask of infinities, may be so
/// after it.
class StepGuard {
 public:
  StepGuard() = default;
  StepGuard(const StepGuard&) = delete;
  StepGuard& operator=(const StepGuard&) = delete;
  virtual ~StepGuard() = default;

  /// Looks up the tensors of a network and its optimizer; again whenever they get more.
  virtual void watch(const torch::nn::Module& network,
                     const torch::optim::Optimizer& optimizer) = 0;
  /// Takes note of what there is before a step, before gradients are cleared.
  virtual void note() = 0;
  /// Puts back what was noted; ends that step.
  virtual void put_back() = 0;
  /// One number, 1 if the step has left buffers that are not finite, else 0: what ranks of a group
  /// tell each other before they judge.
  virtual at::Tensor has_bad_buffers() = 0;
  /// Ends a step of which all but the optimizer's part is done: judges its losses, the gradients of
  /// the weights that it changed, and the buffers, those of other ranks by the sum of
  /// `has_bad_buffers`. One that is not finite is undone, and so is what comes after it, until
  /// `read`.
  virtual void judge(const torch::nn::Module& network, const torch::optim::Optimizer& optimizer,
                     const std::vector<at::Tensor>& losses, const std::vector<at::Tensor>& changed,
                     const at::Tensor& bad_buffers = {}) = 0;
  /// One float on the device of the weights: 1 once a step was not finite; undefined where
  /// `is_halted` knows it anyway.
  virtual at::Tensor halt() const = 0;
  /// Whether a step was not finite, as far as it is known here, or after waiting for the device.
  virtual bool is_halted(bool waits) = 0;
  /// The steps since the last call to the first one that was not finite; all is as it was before
  /// that one then.
  virtual std::vector<StepOutcome> read(const torch::nn::Module& network,
                                        const torch::optim::Optimizer& optimizer) = 0;
};

/// The name of a parameter, to be shown.
inline std::string shown_name(const torch::nn::Module& network, const at::Tensor& parameter) {
  for (const auto& item : network.named_parameters()) {
    if (item.value().is_same(parameter)) return fmt::format("'{}'", item.key());
  }
  return "a parameter that is not the network's";
}

/// What of the gradients is not finite, by name; empty if nothing.
inline std::string fault_of_gradients(const torch::nn::Module& network,
                                      const torch::optim::Optimizer& optimizer) {
  for (const auto& group : optimizer.param_groups()) {
    for (const at::Tensor& p : group.params()) {
      if (p.grad().defined() && !all_finite(p.grad())) {
        return fmt::format("the gradient of {} is not finite", shown_name(network, p));
      }
    }
  }
  return {};
}

/// What of the losses is not finite; empty if nothing.
inline std::string fault_of_losses(const std::vector<double>& losses) {
  const auto bad =
      std::find_if(losses.begin(), losses.end(), [](double loss) { return !std::isfinite(loss); });
  return bad == losses.end() ? std::string() : fmt::format("the loss is {}", *bad);
}

}  // namespace interchoice::detail
