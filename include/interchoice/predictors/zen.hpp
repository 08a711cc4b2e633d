#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/evaluation/detail/batch_norms.hpp"
#include "interchoice/nn/detail/operator_observer.hpp"
#include "interchoice/nn/kernels/plain_operators.hpp"
#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

namespace detail {

/// What goes into the last global pool of a forward pass: a mean over positions, or an adaptive
/// average pool to one.
class PoolInput final : public OperatorObserver {
 public:
  /// Undefined if there was none.
  const at::Tensor& last() const { return last_; }

 private:
  bool wants(const std::string& name) const override {
    return name == "aten::mean" || name.starts_with("aten::adaptive_avg_pool");
  }
  at::Tensor before(const std::string& name, const std::vector<c10::IValue>& arguments) override {
    const at::Tensor& x = arguments[0].toTensor();
    const bool is_global =
        name == "aten::mean" ? is_over_positions(x, arguments) : is_one(arguments[1]);
    if (is_global) last_ = x;
    return {};
  }

  static bool is_over_positions(const at::Tensor& x, const std::vector<c10::IValue>& arguments) {
    if (x.dim() < 3 || arguments.size() < 2 || !arguments[1].isIntList()) return false;
    for (const std::int64_t axis : arguments[1].toIntVector()) {
      if (axis == 0 || axis == -x.dim()) return false;
    }
    return true;
  }
  static bool is_one(const c10::IValue& sizes) {
    for (const std::int64_t size : sizes.toIntVector()) {
      if (size != 1) return false;
    }
    return true;
  }

  at::Tensor last_;
};

}  // namespace detail

/// How far apart two inputs that are nearly equal come out, for weights and inputs from a normal
/// distribution, in training mode.
///
///     log mean_n Σ |φ(x_n) - φ(x_n + 0.01 e_n)| + Σ_BN log sqrt(mean_c running_variance_c)
///
/// φ is what goes into the last global average pool, or the output where there is none; x and e are
/// normal, of the first batch's shape. Filters and matrices are drawn anew, from N(0, 1); what is
/// named `bias` is 0 and a `weight` of one axis 1. The sum is over all BatchNorms that keep running
/// statistics, which start as new ones and see these two batches: it puts back what they divide by.
/// Other normalisations divide, too, and nothing puts that back: the sources define the score for
/// BatchNorm alone. -infinity where nothing comes out. *Throws* c10::Error where inputs are whole
/// numbers (tokens by number). *Cost*: two forward passes. *Source*: Lin et al. 2021 (Zen-NAS), as
/// in NAS-Bench-Suite-Zero.
struct Zen {
  static constexpr std::string_view name = "zen";
  std::uint64_t seed = 0;  ///< of weights and inputs

  double operator()(ScoredNetwork& network) const {
    torch::nn::Module& module = network.module();
    const at::Tensor& like = network.batches().front().data;
    TORCH_CHECK(like.is_floating_point(),
                "interchoice: zen needs inputs that may be drawn from a "
                "normal distribution, got whole numbers; leave the score out");
    const c10::NoGradGuard no_grad;
    const detail::PlainOperators plain;
    at::Generator random = at::make_generator<at::CPUGeneratorImpl>(seed);
    draw_weights(module, random);
    const auto norms = detail::running_norms(module);
    for (const detail::RunningNorm& norm : norms) {
      norm.mean.zero_();
      norm.variance.fill_(1);
      norm.batches.zero_();
    }
    module.train();
    const auto normal = [&] { return at::randn(like.sizes(), random, at::kFloat).to(like); };
    const at::Tensor x = normal();
    const at::Tensor near = x + 0.01 * normal();
    const at::Tensor difference = (features(network, x) - features(network, near)).abs();
    double score = std::log(difference.sum().item<double>() / static_cast<double>(x.size(0)));
    for (const detail::RunningNorm& norm : norms) {
      score += 0.5 * std::log(norm.variance.mean().item<double>());
    }
    return score;
  }

 private:
  static void draw_weights(torch::nn::Module& module, at::Generator& random) {
    for (const auto& parameter : module.named_parameters()) {
      const at::Tensor& p = parameter.value();
      const std::string& path = parameter.key();
      const std::string own = path.substr(path.rfind('.') + 1);
      if (p.dim() >= 2) {
        p.copy_(at::randn(p.sizes(), random, at::kFloat));
      } else if (own == "bias") {
        p.zero_();
      } else if (own == "weight") {
        p.fill_(1);
      }
    }
  }

  static at::Tensor features(const ScoredNetwork& network, const at::Tensor& x) {
    const detail::PoolInput pool;
    const at::Tensor y = network.forward(x);
    return pool.last().defined() ? pool.last() : y;
  }
};

}  // namespace interchoice
