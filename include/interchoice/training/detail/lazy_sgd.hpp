#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/use_observer.hpp"
#include "interchoice/training/detail/coast.hpp"
#include "interchoice/training/detail/fused_sgd.hpp"
#include "interchoice/training/unsampled_weights.hpp"

namespace interchoice::detail {

/// The steps of libtorch's SGD, at the cost of what a path uses. Weights of candidates that no path
/// has used since coast on momentum and decay only when they are used next, or read, by the closed
/// form of all these steps; what is used takes a `FusedSgd` step.
///
/// Equal to `optimizer.step()` after zeroing all gradients, within rounding. *Source*: the lazy
/// regularisation of Carpenter 2008, with momentum.
class LazySgd final : public UseObserver {
 public:
  LazySgd(torch::optim::Optimizer& optimizer, UnsampledWeights unsampled)
      : sgd_(optimizer), unsampled_(unsampled) {}

  /// Looks up the optimizer's weights, and which of them are a network's candidates' alone, and
  /// asks to be told of their use. What was put off is to be applied before.
  static void watch(const std::shared_ptr<LazySgd>& self, const torch::nn::Module& network) {
    std::vector<std::vector<at::Tensor>> candidates;
    for_each_choice_block(network, [&](const std::string&, AnyChoiceBlock& block) {
      block.observe(self, candidates.size());
      const CandidateBank& bank = block.bank();
      for (std::size_t k = 0; k < bank.copy_count(); ++k) {
        for (std::size_t c = 0; c < bank.candidate_count(); ++c) {
          const BuiltOperation* operation = bank.find(c, k);  // a subnet has but one
          candidates.push_back(operation == nullptr ? std::vector<at::Tensor>()
                                                    : operation->module()->parameters());
        }
      }
    });
    self->look_up(network, candidates);
    self->is_watching_ = true;
  }

  /// False once another observer has taken the network over.
  bool is_watching() const { return is_watching_; }

  void before_use(std::size_t candidate) override {
    Candidate& used = candidates_[candidate];
    if (!is_in_step_) {
      for (const std::size_t i : used.weights) show(i);
      return;
    }
    if (used.is_used) return;
    hide();  // a loss may read the network
    used.is_used = true;
    for (const std::size_t i : used.weights) settle(weights_[i]);
    used_.push_back(candidate);
    for (const std::size_t i : used.weights) {
      if (!weights_[i].is_clear()) clear(weights_[i]);  // somebody else went backward meanwhile
    }
  }

  /// Lets a step that another process has taken with it use a weight, whose gradient is there then.
  void use(const at::Tensor& parameter) {
    const std::size_t index = index_.at(parameter.unsafeGetTensorImpl());
    Weight& weight = weights_[index];
    if (weight.candidate) before_use(*weight.candidate);
    at::Tensor& gradient = weight.parameter.mutable_grad();
    if (!gradient.defined()) gradient = at::zeros_like(weight.parameter);
  }

  void before_read() override {
    for (std::size_t i = 0; i < weights_.size(); ++i) show(i);
  }

  void released() override {
    settle();
    is_watching_ = false;
  }

  /// Applies all that is put off.
  void settle() {
    hide();
    for (Weight& weight : weights_) settle(weight);
  }

  /// Begins a step: clears the gradients of what the last one used.
  void begin_step() {
    hide();
    if (owed_ > 0) {  // steps of another process, at the rate of this epoch
      add_to_histories(owed_);
      owed_ = 0;
    }
    for_each_used([&](std::size_t i) { clear(weights_[i]); });
    for (const std::size_t candidate : used_) candidates_[candidate].is_used = false;
    used_.clear();
    is_in_step_ = true;
  }

  /// The weights of which this step has made a gradient.
  std::vector<at::Tensor> changed() const {
    std::vector<at::Tensor> changed;
    for_each_used([&](std::size_t i) {
      if (!weights_[i].is_clear()) changed.push_back(weights_[i].parameter);
    });
    return changed;
  }

  /// The optimizer's step; with `halt`, one that the device may leave out, and `rewind` undoes
  /// here.
  void step(const at::Tensor& halt = {}) {
    keeps_undo_ = halt.defined();
    if (keeps_undo_) {
      marks_.push_back({undo_.size(), sgd_.begun(), used_, steps_of_groups()});
    } else {
      sgd_.confirm_begun();
    }
    for_each_used([&](std::size_t i) { sgd_.add(weights_[i].parameter, weights_[i].group); });
    sgd_.step(halt);
    add_to_histories(1);
    for_each_used([&](std::size_t i) { weights_[i].done = steps_of(weights_[i]); });
    is_in_step_ = false;
  }

  /// Ends a step that is not to be.
  void abandon_step() { is_in_step_ = false; }

  /// Bytes that are kept for `rewind`.
  std::size_t undo_bytes() const { return undo_bytes_; }

  /// Forgets how to undo steps, or undoes all since the last call but the first `count`, which the
  /// device has left out.
  void confirm() { rewind(marks_.size()); }
  void rewind(std::size_t count) {
    if (count < marks_.size()) {
      const c10::NoGradGuard no_grad;
      hide();
      const Mark& mark = marks_[count];
      for (; undo_.size() > mark.undo; undo_.pop_back()) {
        Weight& weight = weights_[undo_.back().weight];
        weight.parameter.copy_(undo_.back().value);
        if (undo_.back().momentum.defined()) {
          sgd_.momentum_of(weight.parameter, weight.group).copy_(undo_.back().momentum);
        }
        weight.done = undo_.back().done;
      }
      sgd_.undo_begun(mark.begun);
      for (std::size_t g = 0; g < histories_.size(); ++g) {
        histories_[g].drop(histories_[g].steps() - mark.steps[g]);
      }
      for (Weight& weight : weights_) weight.done = std::min(weight.done, steps_of(weight));
      for (const std::size_t candidate : used_) candidates_[candidate].is_used = false;
      used_ = mark.used;
    }
    sgd_.confirm_begun();
    marks_.clear();
    undo_.clear();
    undo_bytes_ = 0;
    keeps_undo_ = false;
  }

  /// For each parameter of a network, the steps that it still has to coast through, as it lies in
  /// memory now.
  std::vector<std::int64_t> owed(const torch::nn::Module& network) {
    hide();
    std::unordered_map<const void*, std::int64_t> by_parameter;
    for (const Weight& weight : weights_) {
      by_parameter[weight.parameter.unsafeGetTensorImpl()] =
          coasts(weight) ? steps_of(weight) - weight.done : 0;
    }
    std::vector<std::int64_t> owed;
    for (const at::Tensor& p : network.parameters()) {
      owed.push_back(by_parameter[p.unsafeGetTensorImpl()]);
    }
    return owed;
  }

  /// Takes up what the steps before, in another process, have put off. Before the first step.
  void owe(const torch::nn::Module& network, const std::vector<std::int64_t>& owed) {
    std::unordered_map<const void*, std::int64_t> by_parameter;
    const auto parameters = network.parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      by_parameter[parameters[i].unsafeGetTensorImpl()] = owed[i];
    }
    owed_ = *std::max_element(owed.begin(), owed.end());
    for (Weight& weight : weights_) {
      weight.done = owed_ - by_parameter[weight.parameter.unsafeGetTensorImpl()];
    }
  }

 private:
  struct Weight {
    at::Tensor parameter;
    std::size_t group;
    std::optional<std::size_t> candidate = {};  // whose alone it is
    std::int64_t done = 0;                      // steps of the group's history that it has taken
    std::uint32_t clear_version = ~0U;          // of the gradient, once it was cleared
    at::Tensor hidden = {};                     // what it was before it was shown
    std::int64_t shown_version = 0;

    bool is_clear() const {
      return !parameter.grad().defined() ||
             parameter.grad().unsafeGetTensorImpl()->version_counter().current_version() ==
                 clear_version;
    }
  };
  /// A weight before it coasted.
  struct Undo {
    std::size_t weight;
    at::Tensor value;
    at::Tensor momentum;
    std::int64_t done;
  };
  /// Where a step of the optimizer began.
  struct Mark {
    std::size_t undo;
    std::size_t begun;
    std::vector<std::size_t> used;
    std::vector<std::int64_t> steps;  // of the groups
  };
  struct Candidate {
    std::vector<std::size_t> weights = {};
    bool is_used = false;  // in this step
  };

  void look_up(const torch::nn::Module& network,
               const std::vector<std::vector<at::Tensor>>& candidates) {
    weights_.clear();
    histories_.clear();
    candidates_.clear();
    always_.clear();
    used_.clear();
    shown_.clear();
    confirm();
    index_.clear();
    for (const auto& group : sgd_.groups()) {
      for (const at::Tensor& p : group.params()) {
        index_.emplace(p.unsafeGetTensorImpl(), weights_.size());
        weights_.push_back({p, histories_.size()});
      }
      histories_.emplace_back();
    }
    // With kMove whether there is a gradient counts, and its values are cleared at its first use.
    if (unsampled_ == UnsampledWeights::kFreeze) {
      for (Weight& weight : weights_) clear(weight);
    }
    // What several modules share is used without notice, and so is what is no candidate's.
    std::unordered_map<const void*, std::size_t> owners;
    for (const auto& module : network.modules()) {
      for (const at::Tensor& p : module->parameters(/*recurse=*/false)) {
        ++owners[p.unsafeGetTensorImpl()];
      }
    }
    for (const auto& parameters : candidates) {
      Candidate& candidate = candidates_.emplace_back();
      for (const at::Tensor& p : parameters) {
        const auto found = index_.find(p.unsafeGetTensorImpl());
        if (found == index_.end() || owners[p.unsafeGetTensorImpl()] != 1) continue;
        candidate.weights.push_back(found->second);
        weights_[found->second].candidate = candidates_.size() - 1;
      }
    }
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      if (!weights_[i].candidate) always_.push_back(i);
    }
  }

  template <class Visit>
  void for_each_used(const Visit& visit) const {
    for (const std::size_t i : always_) visit(i);
    for (const std::size_t candidate : used_) {
      for (const std::size_t i : candidates_[candidate].weights) visit(i);
    }
  }

  /// Where it is one run of memory without an operator, whose call costs more than the memory.
  static void zero(at::Tensor& gradient) {
    if (gradient.is_cpu() && gradient.layout() == at::kStrided &&
        gradient.is_non_overlapping_and_dense()) {
      std::memset(gradient.mutable_data_ptr(), 0, gradient.nbytes());
      gradient.unsafeGetTensorImpl()->bump_version();
    } else {
      gradient.zero_();
    }
  }

  void clear(Weight& weight) {
    at::Tensor& gradient = weight.parameter.mutable_grad();
    weight.clear_version = ~0U;
    if (!gradient.defined()) return;
    if (unsampled_ == UnsampledWeights::kFreeze) {
      gradient.reset();
      return;
    }
    zero(gradient);
    weight.clear_version = gradient.unsafeGetTensorImpl()->version_counter().current_version();
  }

  void add_to_histories(std::int64_t steps) {
    for (std::size_t g = 0; g < histories_.size(); ++g) {
      histories_[g].add(Coast::step(sgd_.options(g)), steps);
    }
  }
  std::int64_t steps_of(const Weight& weight) const { return histories_[weight.group].steps(); }

  bool coasts(const Weight& weight) const {
    return unsampled_ == UnsampledWeights::kMove && weight.parameter.grad().defined();
  }

  /// What is put off for a weight.
  Coast coast_of(const Weight& weight) const {
    return histories_[weight.group].last(steps_of(weight) - weight.done);
  }

  void settle(Weight& weight) {
    if (weight.done >= steps_of(weight)) return;
    if (coasts(weight)) {
      const at::Tensor momentum = sgd_.momentum_of(weight.parameter, weight.group);
      if (keeps_undo_) keep_undo(weight, momentum);
      apply(coast_of(weight), weight.parameter, momentum);
    }
    weight.done = steps_of(weight);
  }

  void keep_undo(const Weight& weight, const at::Tensor& momentum) {
    undo_.push_back({static_cast<std::size_t>(&weight - weights_.data()),
                     weight.parameter.detach().clone(),
                     momentum.defined() ? momentum.clone() : momentum, weight.done});
    undo_bytes_ += weight.parameter.nbytes() + (momentum.defined() ? momentum.nbytes() : 0);
  }

  std::vector<std::int64_t> steps_of_groups() const {
    std::vector<std::int64_t> steps;
    for (const CoastHistory& history : histories_) steps.push_back(history.steps());
    return steps;
  }

  /// What readers are shown is taken back before the next step: when somebody looks does not
  /// change a bit of what is learnt.
  void show(std::size_t index) {
    Weight& weight = weights_[index];
    if (weight.done >= steps_of(weight) || !coasts(weight) || weight.hidden.defined()) return;
    weight.hidden = weight.parameter.detach().clone();
    const at::Tensor momentum = sgd_.momentum_of(weight.parameter, weight.group);
    apply(coast_of(weight), weight.parameter, momentum.defined() ? momentum.clone() : momentum);
    weight.shown_version = weight.parameter._version();
    shown_.push_back(index);
  }

  void hide() {
    const c10::NoGradGuard no_grad;
    for (const std::size_t i : shown_) {
      Weight& weight = weights_[i];
      at::Tensor written;  // by somebody else, to stay
      if (weight.parameter._version() != weight.shown_version) {
        written = weight.parameter.detach().clone();
      }
      weight.parameter.copy_(weight.hidden);
      weight.hidden.reset();
      if (!written.defined()) continue;
      settle(weight);  // its momentum
      weight.parameter.copy_(written);
    }
    shown_.clear();
  }

  FusedSgd sgd_;
  UnsampledWeights unsampled_;
  std::vector<Weight> weights_;                         // of the optimizer, in its order
  std::unordered_map<const void*, std::size_t> index_;  // by parameter
  std::vector<CoastHistory> histories_;                 // of the optimizer's groups
  std::vector<Candidate> candidates_;
  std::vector<std::size_t> always_;  // weights that take part in every step
  std::vector<std::size_t> used_;    // candidates, in this step or the last one
  std::vector<std::size_t> shown_;   // weights that are shown
  std::vector<Undo> undo_;           // coasts since the first mark
  std::vector<Mark> marks_;          // steps that the device may have left out
  std::size_t undo_bytes_ = 0;
  bool keeps_undo_ = false;
  std::int64_t owed_ = 0;  // steps before the first one, of another process
  bool is_in_step_ = false;
  bool is_watching_ = false;
};

}  // namespace interchoice::detail
