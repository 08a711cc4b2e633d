#pragma once

#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <fmt/core.h>

#include <concepts>
#include <string>
#include <type_traits>

#include "interchoice/training/part.hpp"

namespace interchoice {

/// -sum_k t_k log softmax(logits)_k with t = (1 - e) onehot(target) + e / classes, e being
/// `label_smoothing`; the mean over the batch.
struct CrossEntropy {
  double label_smoothing = 0;

  at::Tensor operator()(const at::Tensor& logits, const at::Tensor& target) const {
    return at::cross_entropy_loss(logits, target, {}, at::Reduction::Mean, -100, label_smoothing);
  }
  std::string text() const {
    return fmt::format("cross entropy, label smoothing {}", label_smoothing);
  }
};

/// The loss of a training: any callable (logits, target) or (logits, target, data) that returns a
/// scalar tensor. The data is what the network was given, for losses that ask a teacher.
class Loss : public Part<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&)> {
 public:
  template <class Callable>
  requires(!std::derived_from<Callable, Loss>)
      Loss(const Callable& callable)  // NOLINT(google-explicit-constructor)
      : Part(detail::text_of(callable), [callable](Tensor logits, Tensor target, Tensor data) {
          if constexpr (std::is_invocable_v<const Callable&, Tensor, Tensor, Tensor>) {
            return callable(logits, target, data);
          } else {
            static_assert(std::is_invocable_r_v<at::Tensor, const Callable&, Tensor, Tensor>,
                          "interchoice: a loss needs `at::Tensor operator()(const at::Tensor& "
                          "logits, const at::Tensor& target) const`, or that with `const "
                          "at::Tensor& data` as a third parameter; see training/loss.hpp");
            return callable(logits, target);
          }
        }) {}

 private:
  using Tensor = const at::Tensor&;
};

}  // namespace interchoice
