#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <torch/optim/sgd.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "interchoice/nn/kernels/row_major.hpp"

namespace interchoice::detail {

/// What steps of SGD do to a weight w and its momentum v where the gradient is zero:
///
///   v' = vv v + vw w
///   w' = w + wv v + ww w
///
/// Steps in a row are one such map again. The change of the weight is kept, not its factor, which
/// is so close to 1 that float would lose the decay.
struct Coast {
  double vv = 1;
  double vw = 0;
  double wv = 0;
  double ww = 0;

  /// One step, without dampening.
  static Coast step(const torch::optim::SGDOptions& options) {
    const double rate = options.lr();
    const double momentum = options.momentum();
    const double decay = options.weight_decay();
    if (!options.nesterov()) return {momentum, decay, -rate * momentum, -rate * decay};
    return {momentum, decay, -rate * momentum * momentum, -rate * (decay + momentum * decay)};
  }

  /// `after` behind `before`.
  friend Coast operator*(const Coast& after, const Coast& before) {
    return {after.vv * before.vv + after.vw * before.wv,
            after.vv * before.vw + after.vw * (1 + before.ww),
            before.wv + after.wv * before.vv + after.ww * before.wv,
            before.ww + after.ww + after.wv * before.vw + after.ww * before.ww};
  }

  /// `count` times the same.
  Coast repeated(std::int64_t count) const {
    Coast result;
    for (Coast square = *this; count > 0; count >>= 1, square = square * square) {
      if ((count & 1) != 0) result = square * result;
    }
    return result;
  }

  friend bool operator==(const Coast&, const Coast&) = default;
};

/// The steps of a group of weights since a beginning; those that are alike in a row are one entry.
class CoastHistory {
 public:
  void add(const Coast& step, std::int64_t count = 1) {
    if (runs_.empty() || !(runs_.back().step == step)) runs_.push_back({step, 0});
    runs_.back().count += count;
    steps_ += count;
  }
  /// Takes back the last `count` steps.
  void drop(std::int64_t count) {
    steps_ -= count;
    for (; count > 0 && count >= runs_.back().count; runs_.pop_back()) count -= runs_.back().count;
    if (count > 0) runs_.back().count -= count;
  }
  std::int64_t steps() const { return steps_; }

  /// What the last `count` steps do.
  Coast last(std::int64_t count) const {
    Coast result;
    for (std::size_t i = runs_.size(); i-- > 0 && count > 0;) {
      const std::int64_t part = std::min(count, runs_[i].count);
      result = result * runs_[i].step.repeated(part);
      count -= part;
    }
    return result;
  }

 private:
  struct Run {
    Coast step;
    std::int64_t count;
  };
  std::vector<Run> runs_;
  std::int64_t steps_ = 0;
};

/// Applies a coast to `count` weights that lie in a row, and to their momentum unless that is null.
template <class Scalar>
void coast_values(const Coast& coast, Scalar* weight, Scalar* momentum, std::int64_t count) {
  constexpr std::int64_t kPiece = 1 << 15;
  const auto vv = static_cast<Scalar>(coast.vv);
  const auto vw = static_cast<Scalar>(coast.vw);
  const auto wv = static_cast<Scalar>(coast.wv);
  const auto ww = static_cast<Scalar>(coast.ww);
  at::parallel_for(0, count, kPiece, [=](std::int64_t begin, std::int64_t end) {
    run_vectorized([=]() INTERCHOICE_LOOP {
      if (momentum == nullptr) {
#pragma omp simd
        for (std::int64_t i = begin; i < end; ++i) weight[i] += ww * weight[i];
      } else {
#pragma omp simd
        for (std::int64_t i = begin; i < end; ++i) {
          const Scalar v = momentum[i];
          const Scalar w = weight[i];
          momentum[i] = vv * v + vw * w;
          weight[i] = w + (wv * v + ww * w);
        }
      }
    });
  });
}

/// Applies a coast to a weight and its momentum, which may be undefined (without momentum).
inline void apply(const Coast& coast, const at::Tensor& weight, const at::Tensor& momentum) {
  const c10::NoGradGuard no_grad;
  const bool is_plain =
      weight.device().is_cpu() && weight.is_non_overlapping_and_dense() &&
      (weight.scalar_type() == at::kFloat || weight.scalar_type() == at::kDouble) &&
      (!momentum.defined() || momentum.strides() == weight.strides());
  if (is_plain) {
    const auto run = [&]<class Scalar>(Scalar) {
      coast_values(coast, weight.mutable_data_ptr<Scalar>(),
                   momentum.defined() ? momentum.mutable_data_ptr<Scalar>() : nullptr,
                   weight.numel());
    };
    weight.scalar_type() == at::kFloat ? run(float{}) : run(double{});
    weight.unsafeGetTensorImpl()->bump_version();
    return;
  }
  if (!momentum.defined()) {
    weight.mul_(1 + coast.ww);
    return;
  }
  const at::Tensor change = momentum.mul(coast.wv).add_(weight, coast.ww);
  momentum.mul_(coast.vv).add_(weight, coast.vw);
  weight.add_(change);
}

}  // namespace interchoice::detail
