#pragma once

#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <memory>
#include <string>
#include <utility>

#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/training/detail/lazy_sgd.hpp"
#include "interchoice/training/unsampled_weights.hpp"

namespace interchoice::detail {

/// A network's lazy steps; ends with them applied, and nobody told of its use any more.
class LazySgdScope {
 public:
  LazySgdScope() = default;
  LazySgdScope(std::shared_ptr<torch::nn::Module> network, torch::optim::Optimizer& optimizer,
               UnsampledWeights unsampled)
      : network_(std::move(network)), sgd_(std::make_shared<LazySgd>(optimizer, unsampled)) {}
  LazySgdScope(LazySgdScope&&) = default;
  LazySgdScope& operator=(LazySgdScope&& other) noexcept {
    network_.swap(other.network_);
    sgd_.swap(other.sgd_);
    return *this;
  }
  ~LazySgdScope() {
    if (!sgd_) return;
    for_each_choice_block(*network_, [&](const std::string&, AnyChoiceBlock& block) {
      if (block.bank().observer() == sgd_.get()) block.observe(nullptr, 0);
    });
  }

  explicit operator bool() const { return sgd_ != nullptr; }
  LazySgd* operator->() const { return sgd_.get(); }

  /// What is put off is applied, and the network looked up.
  void watch() {
    sgd_->settle();
    LazySgd::watch(sgd_, *network_);
  }

 private:
  std::shared_ptr<torch::nn::Module> network_;
  std::shared_ptr<LazySgd> sgd_;
};

}  // namespace interchoice::detail
