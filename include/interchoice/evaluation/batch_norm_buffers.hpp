#pragma once

#include <c10/core/GradMode.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "interchoice/evaluation/detail/batch_norms.hpp"

namespace interchoice {

/// Keeps the buffers of a network and the mode of each of its modules while it lives, and puts both
/// back bit by bit: what an evaluation does to BatchNorm's statistics leaves no trace.
///
/// *Cost*: a copy of all buffers when it is made, one when it ends.
class BatchNormBuffers {
 public:
  explicit BatchNormBuffers(torch::nn::Module& network)
      : network_(network), was_training_(network.is_training()) {
    for (const auto& module : network.modules(/*include_self=*/false)) {
      modes_.push_back({module, module->is_training()});
    }
    std::unordered_set<const void*> of_norms;
    for (const detail::RunningNorm& norm : detail::running_norms(network)) {
      const std::vector<at::Tensor> tensors{norm.mean, norm.variance, norm.batches};
      if (!of_norms.insert(tensors.back().unsafeGetTensorImpl()).second) continue;
      units_.emplace_back(tensors, /*is_norm=*/true);
      for (const at::Tensor& x : tensors) of_norms.insert(x.unsafeGetTensorImpl());
    }
    for (const at::Tensor& buffer : network.buffers()) {
      if (of_norms.contains(buffer.unsafeGetTensorImpl())) continue;
      units_.emplace_back(std::vector{buffer}, /*is_norm=*/false);
    }
  }
  ~BatchNormBuffers() {
    restore();
    network_.train(was_training_);  // recursive, so parents come before their children
    for (const Mode& mode : modes_) mode.module->train(mode.was_training);
  }
  BatchNormBuffers(const BatchNormBuffers&) = delete;
  BatchNormBuffers& operator=(const BatchNormBuffers&) = delete;

  /// Puts the buffers back now.
  void restore() {
    for (Unit& unit : units_) unit.restore();
  }

  /// The same where only forward passes and operations of libtorch have changed them: BatchNorms
  /// that did not run are passed over. *Cost*: O(1) for each of those.
  void restore_moved() {
    for (Unit& unit : units_) {
      if (unit.may_have_moved()) unit.restore();
    }
  }

 private:
  struct Mode {
    std::shared_ptr<torch::nn::Module> module;
    bool was_training;
  };

  struct Unit {
    std::vector<at::Tensor> now;
    bool is_norm;
    std::vector<at::Tensor> kept = {};
    std::vector<std::int64_t> versions = {};

    Unit(std::vector<at::Tensor> tensors, bool of_norm)
        : now(std::move(tensors)), is_norm(of_norm) {
      for (const at::Tensor& x : now) {
        kept.push_back(x.detach().clone());
        versions.push_back(x._version());
      }
    }
    void restore() {
      const c10::NoGradGuard no_grad;
      for (std::size_t i = 0; i < now.size(); ++i) {
        now[i].copy_(kept[i]);
        versions[i] = now[i]._version();
      }
    }
    // A pass in training mode counts the batch, so that the version of one of the three changes.
    bool may_have_moved() const {
      for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i]._version() != versions[i]) return true;
      }
      return !is_norm;
    }
  };

  torch::nn::Module& network_;
  bool was_training_;
  std::vector<Mode> modes_;
  std::vector<Unit> units_;
};

}  // namespace interchoice
