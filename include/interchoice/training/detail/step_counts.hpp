#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/sum.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "interchoice/training/detail/epoch_sums.hpp"

namespace interchoice::detail {

/// What a step has seen, counted where its predictions are.
struct StepCounts {
  std::vector<std::int64_t> examples = {};  // by path, as far as this rank has trained them
  std::vector<at::Tensor> correct = {};
  std::int64_t targets = 0;  // that are classes

  /// Adds those of a path, or of a part of its batch.
  void add(std::size_t path, const at::Tensor& logits, const at::Tensor& target) {
    examples.resize(std::max(examples.size(), path + 1));
    examples[path] += target.size(0);
    if (logits.dim() < 2 || target.is_floating_point()) return;
    const at::Tensor predicted = logits.detach().argmax(1);
    if (predicted.sizes() != target.sizes()) return;
    correct.push_back(predicted.eq(target).sum());
    targets += target.numel();
  }
};

/// The sums over the first `losses.size()` steps, given the losses of their paths; without steps
/// that have none. Waits for the device once.
inline EpochSums sums_of(const std::vector<StepCounts>& steps,
                         const std::vector<std::vector<double>>& losses) {
  EpochSums sums;
  std::vector<at::Tensor> correct;
  for (std::size_t s = 0; s < losses.size(); ++s) {
    if (losses[s].empty()) continue;
    sums.targets += steps[s].targets;
    correct.insert(correct.end(), steps[s].correct.begin(), steps[s].correct.end());
    const std::vector<std::int64_t>& examples = steps[s].examples;
    for (std::size_t p = 0; p < examples.size(); ++p) sums.add(losses[s][p], examples[p]);
  }
  if (!correct.empty()) {
    const at::Tensor all = correct.size() == 1 ? correct[0] : at::stack(correct).sum();
    sums.correct = all.item<std::int64_t>();
  }
  return sums;
}

}  // namespace interchoice::detail
