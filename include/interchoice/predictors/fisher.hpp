#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "interchoice/nn/detail/operator_observer.hpp"
#include "interchoice/nn/kernels/plain_operators.hpp"
#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

namespace detail {

/// The Fisher information of the channels that products with some weights make, of each backward
/// pass behind a forward pass that it saw.
class ChannelInformation final : public OperatorObserver {
 public:
  explicit ChannelInformation(const std::vector<at::Tensor>& weights) {
    for (const at::Tensor& weight : weights) weights_.insert(weight.unsafeGetTensorImpl());
  }

  /// Σ over products and channels of the information, times the weights of a channel. Kept by the
  /// hooks of the graph.
  std::shared_ptr<double> sum() const { return sum_; }

 private:
  bool wants(const std::string& name) const override {
    return name == "aten::convolution" || name == "aten::linear" || name == "aten::addmm" ||
           name == "aten::matmul" || name == "aten::mm";
  }
  void after(const std::string& name, const std::vector<c10::IValue>& arguments,
             const at::Tensor& result) override {
    for (const c10::IValue& argument : arguments) {
      if (!argument.isTensor()) continue;
      const at::Tensor& x = argument.toTensor();
      if (!x.defined()) continue;
      const at::Tensor source(x.is_view() ? x._base() : x);
      if (!weights_.contains(source.unsafeGetTensorImpl())) continue;
      if (result.requires_grad()) {
        const std::int64_t axis = name == "aten::convolution" ? 1 : result.dim() - 1;
        hook(result, axis, source.numel() / result.size(axis));
      }
      return;
    }
  }

  void hook(const at::Tensor& result, std::int64_t channel_axis, std::int64_t weights) const {
    // What comes behind may write over the result.
    const at::Tensor values = result.detach().clone();
    result.register_hook([values, channel_axis, weights, sum = sum_](const at::Tensor& slope) {
      const c10::NoGradGuard no_grad;
      at::Tensor product = (values * slope).movedim(channel_axis, -1);  // [N, ..., C]
      if (product.dim() > 2) product = product.flatten(1, -2).sum(1);   // [N, C]
      const double information = 0.5 * product.square().mean(0).sum().item<double>();
      *sum += information * static_cast<double>(weights);
    });
  }

  std::unordered_set<const void*> weights_;
  std::shared_ptr<double> sum_ = std::make_shared<double>(0);
};

}  // namespace detail

/// The Fisher information of the channels behind every convolution and matrix product, in training
/// mode.
///
///     Σ_layers Σ_c W / 2 · mean_n (Σ_p a_ncp ∂L/∂a_ncp)²
///
/// with a the layer's output for example n, channel c, position p, and W the weights of a channel;
/// the mean over the batches. *Throws* c10::Error for a network without weights. *Cost*: a forward
/// and a backward pass, and a copy of the outputs. *Source*: Theis et al. 2018, Turner et al. 2020,
/// for whole networks by Abdelfattah et al. 2021, whose sum counts a channel once for each weight.
struct Fisher {
  static constexpr std::string_view name = "fisher";

  double operator()(ScoredNetwork& network) const {
    network.check_has_weights(std::string(name));
    network.module().train();
    const detail::PlainOperators plain;
    double score = 0;
    for (const Batch& batch : network.batches()) {
      at::Tensor loss;
      std::shared_ptr<double> sum;
      {
        const detail::ChannelInformation information(network.weights());
        sum = information.sum();
        loss = network.loss(batch);
      }
      torch::autograd::grad({loss}, network.weights(), /*grad_outputs=*/{},
                            /*retain_graph=*/std::nullopt, /*create_graph=*/false,
                            /*allow_unused=*/true);
      score += network.share(batch) * *sum;
    }
    return score;
  }
};

}  // namespace interchoice
