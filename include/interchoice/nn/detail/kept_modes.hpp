#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <utility>
#include <vector>

namespace interchoice::detail {

/// Puts the modes of a module and of all modules below it, each its own, back when it ends.
class KeptModes {
 public:
  explicit KeptModes(const torch::nn::Module& module) {
    for (const auto& part : module.modules()) modes_.emplace_back(part, part->is_training());
  }
  ~KeptModes() {
    for (const auto& [module, training] : modes_) module->train(training);  // parents first
  }
  KeptModes(const KeptModes&) = delete;
  KeptModes& operator=(const KeptModes&) = delete;

 private:
  std::vector<std::pair<std::shared_ptr<torch::nn::Module>, bool>> modes_;
};

}  // namespace interchoice::detail
