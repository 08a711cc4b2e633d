#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace interchoice::detail {

/// How many refer to a tensor and to its memory.
struct TensorUses {
  std::size_t tensor = 0;
  std::size_t memory = 0;

  static TensorUses of(const at::Tensor& x) {
    if (!x.defined()) return {};
    return {static_cast<std::size_t>(x.use_count()), x.storage().use_count()};
  }
  static std::vector<TensorUses> of(const std::vector<at::Tensor>& tensors) {
    std::vector<TensorUses> uses;
    for (const at::Tensor& x : tensors) uses.push_back(of(x));
    return uses;
  }
  friend bool operator==(const TensorUses&, const TensorUses&) = default;
};

/// Whether nobody has come to refer to any of the tensors since their uses were counted.
inline bool are_unused_since(const std::vector<at::Tensor>& tensors,
                             const std::vector<TensorUses>& uses) {
  return std::equal(
      tensors.begin(), tensors.end(), uses.begin(), uses.end(),
      [](const at::Tensor& x, const TensorUses& own) { return TensorUses::of(x) == own; });
}

}  // namespace interchoice::detail
