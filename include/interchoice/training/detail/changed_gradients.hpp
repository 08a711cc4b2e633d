#pragma once

#include <ATen/core/Tensor.h>
#include <torch/optim/optimizer.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace interchoice::detail {

inline std::vector<at::Tensor> gradients_of(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& p : parameters) gradients.push_back(p.grad());
  return gradients;
}

/// The weights that an optimizer trains of which a step has made a gradient: the gradients of those
/// off the path stay what they are, and need not be read.
class ChangedGradients {
 public:
  /// Takes note of them once they are cleared.
  void note(const torch::optim::Optimizer& optimizer) {
    cleared_.clear();
    for (const auto& group : optimizer.param_groups()) {
      for (const at::Tensor& p : group.params()) cleared_.push_back(mark_of(p.grad()));
    }
  }

  std::vector<at::Tensor> since_note(const torch::optim::Optimizer& optimizer) const {
    std::vector<at::Tensor> changed;
    std::size_t place = 0;
    for (const auto& group : optimizer.param_groups()) {
      for (const at::Tensor& p : group.params()) {
        const at::Tensor& gradient = p.grad();
        const bool is_cleared = place < cleared_.size() && cleared_[place] == mark_of(gradient);
        ++place;
        if (!is_cleared && gradient.defined()) changed.push_back(p);
      }
    }
    return changed;
  }

 private:
  /// A tensor at one time: another tensor, or the same one after a change, has another mark.
  struct Mark {
    const void* tensor;
    std::uint32_t version;
    friend bool operator==(const Mark&, const Mark&) = default;
  };

  static Mark mark_of(const at::Tensor& tensor) {
    if (!tensor.defined()) return {nullptr, 0};
    return {tensor.unsafeGetTensorImpl(),
            tensor.unsafeGetTensorImpl()->version_counter().current_version()};
  }

  std::vector<Mark> cleared_;
};

}  // namespace interchoice::detail
