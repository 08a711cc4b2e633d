#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <typeinfo>
#include <utility>
#include <vector>

namespace interchoice::detail {

/// Steps of libtorch's SGD over some of its weights, by libtorch's fused kernel. The momentum is
/// where `optimizer.step()` keeps it.
///
///   v' = momentum v + g + decay w,  w' = w - rate v'
class FusedSgd {
 public:
  /// Whether an optimizer's steps are these.
  static bool can_step(const torch::optim::Optimizer& optimizer) {
    if (typeid(optimizer) != typeid(torch::optim::SGD)) return false;  // a subclass does more
    const auto& groups = optimizer.param_groups();
    return std::all_of(groups.begin(), groups.end(), [](const auto& group) {
      const auto& options = static_cast<const torch::optim::SGDOptions&>(group.options());
      const auto& parameters = group.params();
      return options.dampening() == 0 &&
             std::all_of(parameters.begin(), parameters.end(), [](const at::Tensor& p) {
               return p.is_floating_point() && (p.is_cpu() || p.is_cuda());
             });
    });
  }

  explicit FusedSgd(torch::optim::Optimizer& optimizer) : optimizer_(&optimizer) {}

  std::vector<torch::optim::OptimizerParamGroup>& groups() { return optimizer_->param_groups(); }
  const torch::optim::SGDOptions& options(std::size_t group) const {
    return static_cast<const torch::optim::SGDOptions&>(
        optimizer_->param_groups()[group].options());
  }

  /// The momentum of a weight; before its first step zeros, which come to the same as none;
  /// undefined in a group without momentum.
  at::Tensor momentum_of(const at::Tensor& weight, std::size_t group) {
    if (options(group).momentum() == 0) return {};
    auto& state = optimizer_->state()[weight.unsafeGetTensorImpl()];
    if (!state) state = std::make_unique<torch::optim::SGDParamState>();
    auto& own = static_cast<torch::optim::SGDParamState&>(*state);
    const at::Tensor& momentum = own.momentum_buffer();
    if (!momentum.defined()) begun_.push_back(weight);
    own.momentum_buffer(momentum.defined() ? laid_out_as(weight, momentum)
                                           : at::zeros_like(weight.detach()));
    return own.momentum_buffer();
  }

  /// The momenta that have begun here since they were confirmed.
  std::size_t begun() const { return begun_.size(); }
  void confirm_begun() { begun_.clear(); }
  /// Takes them back but for the first `count`.
  void undo_begun(std::size_t count) {
    for (; begun_.size() > count; begun_.pop_back()) {
      optimizer_->state().erase(begun_.back().unsafeGetTensorImpl());
    }
  }

  /// Lets a weight of a group take part in the next step, if it has a gradient.
  void add(const at::Tensor& weight, std::size_t group) {
    at::Tensor gradient = weight.grad();
    if (!gradient.defined()) return;
    if (gradient.layout() != at::kStrided) gradient = gradient.to_dense();
    parts_.resize(std::max(parts_.size(), group + 1));
    // The kernel takes tensors of one type and device at a time.
    auto& parts = parts_[group];
    auto part = std::find_if(parts.begin(), parts.end(), [&](const Part& other) {
      return other.weights[0].device() == weight.device() &&
             other.weights[0].scalar_type() == weight.scalar_type();
    });
    if (part == parts.end()) part = parts.emplace(part);
    part->weights.push_back(weight);
    part->gradients.push_back(laid_out_as(weight, gradient));
    const at::Tensor momentum = momentum_of(weight, group);
    if (momentum.defined()) part->momenta.push_back(momentum);
  }

  /// The step of the weights that were added; nothing where `halt`, one float on their device,
  /// is 1.
  void step(const at::Tensor& halt = {}) {
    const auto found_inf = halt.defined() ? std::optional(halt) : std::nullopt;
    const c10::NoGradGuard no_grad;
    const auto all = std::exchange(parts_, {});
    for (std::size_t group = 0; group < all.size(); ++group) {
      const torch::optim::SGDOptions& own = options(group);
      for (const Part& part : all[group]) {
        at::_fused_sgd_(part.weights, part.gradients, part.momenta, own.weight_decay(),
                        own.momentum(), own.lr(), /*dampening=*/0, own.nesterov(),
                        /*maximize=*/false, /*is_first_step=*/false, /*grad_scale=*/{}, found_inf);
        for (const at::Tensor& weight : part.weights) {
          weight.unsafeGetTensorImpl()->bump_version();  // which the kernel does not do
        }
      }
    }
  }

 private:
  struct Part {
    std::vector<at::Tensor> weights = {};
    std::vector<at::Tensor> gradients = {};
    std::vector<at::Tensor> momenta = {};
  };

  /// The kernel goes through memory, whatever the order of the axes there.
  static at::Tensor laid_out_as(const at::Tensor& weight, const at::Tensor& tensor) {
    if (tensor.strides() == weight.strides()) return tensor;
    return at::empty_like(weight, weight.options().requires_grad(false)).copy_(tensor);
  }

  torch::optim::Optimizer* optimizer_;
  std::vector<std::vector<Part>> parts_;  // of the next step, by group
  std::vector<at::Tensor> begun_;         // weights whose momentum began
};

}  // namespace interchoice::detail
