#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/training/momentum_groups.hpp"

namespace interchoice {

namespace detail {

/// The state of SGD for a weight with several momenta, of which `momentum_buffer` is the one that
/// the step is about.
class GroupedMomentum final : public torch::optim::SGDParamState {
 public:
  explicit GroupedMomentum(std::size_t groups) : momenta_(groups) {}

  /// By group; undefined before the group's first step.
  std::vector<at::Tensor>& momenta() { return momenta_; }

 private:
  std::unique_ptr<torch::optim::OptimizerParamState> clone() const override {
    return std::make_unique<GroupedMomentum>(*this);
  }

  std::vector<at::Tensor> momenta_;
};

}  // namespace detail

/// libtorch's SGD with a momentum for each group of architectures that a weight is shared by, so
/// that gradients of unlike architectures are not averaged over time:
///
///   v_g' = momentum v_g + gradient + decay w,  w' = w - rate v_g'
///
/// g is the group of the step's architecture; the weight's other momenta stay what they are.
/// `PathStep`, which steps one path at a time then, says which architecture it is; in steps of
/// one's own `take_path` does. Made by `SeparateMomentum`.
///
/// *Cost*: in memory a momentum for each group that a weight has seen. A step goes through all
/// weights, as those of other optimizers than libtorch's SGD do.
class GroupedSgd final : public torch::optim::SGD {
 public:
  GroupedSgd(const std::vector<torch::optim::OptimizerParamGroup>& parameters,
             const torch::optim::SGDOptions& options, MomentumGroups groups,
             const torch::nn::Module& network)
      : SGD(parameters, options), rule_(std::move(groups)) {
    watch(network);
  }

  /// Looks up the weights of a network; again whenever it gets more, as `PathStep` does.
  /// *Throws* c10::Error for a weight that is named twice.
  void watch(const torch::nn::Module& network) {
    weights_ = rule_(network);
    rule_of_.clear();
    group_count_ = 1;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      group_count_ = std::max(group_count_, weights_[i].count);
      for (const at::Tensor& weight : weights_[i].weights) {
        TORCH_CHECK(rule_of_.emplace(weight.unsafeGetTensorImpl(), i).second,
                    "interchoice: the momentum groups '", rule_.text(), "' name a weight of ",
                    weight.sizes(), " twice; a weight that several locations share has none");
      }
    }
    current_.clear();
  }

  /// The most groups of a weight.
  std::size_t group_count() const { return group_count_; }

  /// Says of which architecture, given by its candidates, the next step is. *Throws* c10::Error for
  /// a group beyond the count of its rule.
  void take_path(std::span<const std::uint8_t> architecture) {
    current_.clear();
    for (const WeightGroups& weights : weights_) {
      const std::size_t group = weights.group_of(architecture);
      TORCH_CHECK(group < weights.count, "interchoice: the momentum groups '", rule_.text(),
                  "' have an architecture in group ", group, " of ", weights.count,
                  "; groups are counted from 0");
      current_.push_back(group);
    }
    has_path_ = true;
  }

  /// The optimizer's step. *Throws* c10::Error before `take_path`, which each step needs anew, and
  /// for a closure, which would not know its architecture.
  at::Tensor step(LossClosure closure = nullptr) override {
    TORCH_CHECK(!closure, "interchoice: a step of GroupedSgd with a closure; go backward before");
    TORCH_CHECK(has_path_,
                "interchoice: a step of GroupedSgd of no architecture; PathStep says which, in a "
                "loop of one's own take_path(path.candidates()) before each step");
    has_path_ = false;
    for (auto& group : param_groups()) {
      if (static_cast<const torch::optim::SGDOptions&>(group.options()).momentum() == 0) continue;
      for (const at::Tensor& weight : group.params()) {
        if (weight.grad().defined()) use_momentum(weight);
      }
    }
    return SGD::step();
  }

  /// Refuses: libtorch's archives know one momentum a weight. Training states have all.
  void save(torch::serialize::OutputArchive&) const override { refuse_archive(); }
  /// The same.
  void load(torch::serialize::InputArchive&) override { refuse_archive(); }

 private:
  [[noreturn]] static void refuse_archive() {
    TORCH_CHECK(false,
                "interchoice: libtorch's archives know one momentum a weight, and GroupedSgd has "
                "several; use train_resumable");
  }

  /// Lets a weight's next step be that of its group.
  void use_momentum(const at::Tensor& weight) {
    auto& kept = state()[weight.unsafeGetTensorImpl()];
    if (!kept) kept = std::make_unique<detail::GroupedMomentum>(group_count_);
    auto& own = static_cast<detail::GroupedMomentum&>(*kept);
    const auto rule = rule_of_.find(weight.unsafeGetTensorImpl());
    at::Tensor& momentum = own.momenta()[rule == rule_of_.end() ? 0 : current_[rule->second]];
    // Zeros come to the same as none.
    if (!momentum.defined()) momentum = at::zeros_like(weight.detach());
    own.momentum_buffer(momentum);
  }

  MomentumGroups rule_;
  std::vector<WeightGroups> weights_;
  std::unordered_map<const void*, std::size_t> rule_of_;  // by weight, its place in `weights_`
  std::size_t group_count_ = 1;
  std::vector<std::size_t> current_;  // the step's group, by place
  bool has_path_ = false;
};

}  // namespace interchoice
