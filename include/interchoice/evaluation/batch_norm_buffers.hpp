#pragma once

#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <memory>
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
      : network_(network),
        was_training_(network.is_training()),
        buffers_(detail::keep_buffers(network)) {
    for (const auto& module : network.modules(/*include_self=*/false)) {
      modes_.push_back({module, module->is_training()});
    }
    for (const detail::KeptBuffers& buffers : buffers_) versions_.push_back(buffers.version());
  }
  ~BatchNormBuffers() {
    for (detail::KeptBuffers& buffers : buffers_) buffers.restore();
    network_.train(was_training_);  // recursive, so parents come before their children
    for (const Mode& mode : modes_) mode.module->train(mode.was_training);
  }
  BatchNormBuffers(const BatchNormBuffers&) = delete;
  BatchNormBuffers& operator=(const BatchNormBuffers&) = delete;

  /// Puts the buffers back now, where only forward passes and operations of libtorch have changed
  /// them. *Cost*: O(1) for each BatchNorm that did not run.
  void restore_moved() {
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
      if (buffers_[i].is_of_norm && buffers_[i].version() == versions_[i]) continue;
      buffers_[i].restore();
      versions_[i] = buffers_[i].version();
    }
  }

 private:
  struct Mode {
    std::shared_ptr<torch::nn::Module> module;
    bool was_training;
  };

  torch::nn::Module& network_;
  bool was_training_;
  std::vector<Mode> modes_;
  std::vector<detail::KeptBuffers> buffers_;
  std::vector<std::int64_t> versions_;
};

}  // namespace interchoice
