#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "interchoice/training/detail/changed_gradients.hpp"
#include "interchoice/training/detail/fused_sgd.hpp"
#include "interchoice/training/detail/lazy_sgd_scope.hpp"
#include "interchoice/training/detail/step_guard.hpp"
#include "interchoice/training/grouped_sgd.hpp"
#include "interchoice/training/step_outcome.hpp"
#include "interchoice/training/unsampled_weights.hpp"

namespace interchoice::detail {

/// What steps do to a network's gradients and weights: libtorch's SGD is stepped lazily
/// (`LazySgd`), any other optimizer as a whole.
class StepWeights {
 public:
  StepWeights(std::shared_ptr<torch::nn::Module> network, torch::optim::Optimizer& optimizer,
              UnsampledWeights unsampled)
      : network_(std::move(network)),
        optimizer_(&optimizer),
        grouped_(dynamic_cast<GroupedSgd*>(&optimizer)),
        unsampled_(unsampled) {
    if (FusedSgd::can_step(optimizer)) lazy_ = LazySgdScope(network_, optimizer, unsampled);
  }

  /// Looks up what the optimizer trains; again whenever it gets more.
  void watch() {
    if (lazy_) lazy_.watch();
    if (grouped_ != nullptr) grouped_->watch(*network_);
  }

  /// Applies the steps that are put off, for good.
  void settle() {
    if (lazy_) lazy_->settle();
  }

  /// The steps that are put off, for each parameter; empty where none ever are.
  std::vector<std::int64_t> owed() const {
    return lazy_ ? lazy_->owed(*network_) : std::vector<std::int64_t>();
  }
  /// Takes up what was owed in another process, before the first step.
  void owe(const std::vector<std::int64_t>& owed) {
    if (lazy_) lazy_->owe(*network_, owed);
  }
  bool puts_off() const { return static_cast<bool>(lazy_); }

  /// Lets an optimizer whose momentum depends on it know the architecture of a step. *Throws*
  /// c10::Error for several, of which a step has but one momentum.
  template <class Paths>
  void take_paths(const Paths& paths) {
    if (grouped_ == nullptr) return;
    TORCH_CHECK(std::size(paths) == 1, "interchoice: a step of ", std::size(paths),
                " paths with a momentum for each group of architectures, of which it has several; "
                "draw one path a step, or use Sgd");
    grouped_->take_path(std::begin(paths)->candidates());
  }

  /// Begins a step: clears gradients.
  void begin_step() {
    if (!lazy_) {
      network_->zero_grad(unsampled_ == UnsampledWeights::kFreeze);
      changed_.note(*optimizer_);
      return;
    }
    if (!lazy_->is_watching()) lazy_.watch();  // another PathStep had the network meanwhile
    lazy_->begin_step();
  }

  /// The weights of which this step has made a gradient.
  std::vector<at::Tensor> changed() const {
    return lazy_ ? lazy_->changed() : changed_.since_note(*optimizer_);
  }

  /// Lets a weight take part that another rank's step has used; its gradient is there then.
  void use(const at::Tensor& parameter) {
    if (lazy_) {
      lazy_->use(parameter);
    } else if (!parameter.grad().defined()) {
      parameter.mutable_grad() = at::zeros_like(parameter);
    }
  }

  /// Ends a step by the optimizer's, unless the guard has found a fault.
  void step(StepGuard& guard) {
    if (!lazy_) {
      if (!guard.is_halted(true)) optimizer_->step();
    } else if (guard.is_halted(false)) {
      lazy_->abandon_step();
    } else {
      lazy_->step(guard.halt());
    }
  }
  /// Ends a step that is not to be.
  void abandon_step() {
    if (lazy_) lazy_->abandon_step();
  }

  /// Bytes that are kept to undo steps until they are `told`.
  std::size_t undo_bytes() const { return lazy_ ? lazy_->undo_bytes() : 0; }

  /// Takes note of what came of all steps since the last call: the last one may be faulty, and what
  /// came after it is undone.
  void told(const std::vector<StepOutcome>& outcomes) {
    if (!lazy_) return;
    if (!outcomes.empty() && !outcomes.back().fault.empty()) {
      lazy_->rewind(outcomes.size() - 1);
    } else {
      lazy_->confirm();
    }
  }

 private:
  std::shared_ptr<torch::nn::Module> network_;
  torch::optim::Optimizer* optimizer_;
  GroupedSgd* grouped_;  // the same; null if it is another
  UnsampledWeights unsampled_;
  ChangedGradients changed_{};  // where steps are not lazy
  LazySgdScope lazy_{};
};

}  // namespace interchoice::detail
