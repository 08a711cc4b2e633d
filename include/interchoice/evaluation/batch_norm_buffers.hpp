#pragma once

#include <c10/core/GradMode.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace interchoice {

/// Keeps the buffers of a network and the mode of each of its modules while it lives, and puts both
/// back bit by bit: what an evaluation does to BatchNorm's statistics leaves no trace.
///
/// *Cost*: a copy of all buffers when it is made, one when it ends.
class BatchNormBuffers {
 public:
  explicit BatchNormBuffers(torch::nn::Module& network)
      : network_(network), was_training_(network.is_training()), buffers_(network.buffers()) {
    for (const auto& module : network.modules(/*include_self=*/false)) {
      modes_.push_back({module, module->is_training()});
    }
    for (const at::Tensor& buffer : buffers_) kept_.push_back(buffer.detach().clone());
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
    const c10::NoGradGuard no_grad;
    for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_[i].copy_(kept_[i]);
  }

 private:
  struct Mode {
    std::shared_ptr<torch::nn::Module> module;
    bool was_training;
  };

  torch::nn::Module& network_;
  bool was_training_;
  std::vector<Mode> modes_;
  std::vector<at::Tensor> buffers_;
  std::vector<at::Tensor> kept_;
};

}  // namespace interchoice
