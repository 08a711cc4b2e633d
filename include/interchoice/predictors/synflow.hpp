#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/ones.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/module.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/nn/detail/operator_observer.hpp"
#include "interchoice/nn/kernels/plain_operators.hpp"
#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

namespace detail {

/// Normalisations pass their input on while it lives.
class WithoutNorms final : public OperatorObserver {
  bool wants(const std::string& name) const override {
    return name == "aten::batch_norm" || name == "aten::layer_norm" || name == "aten::group_norm" ||
           name == "aten::instance_norm";
  }
  at::Tensor before(const std::string&, const std::vector<c10::IValue>& arguments) override {
    return arguments[0].toTensor();
  }
};

}  // namespace detail

/// The strength of all paths from input to output, by the weights alone: a network of their
/// absolute values, without normalisations, runs on one example of ones.
///
///     log Σ_i |w_i| ∂R/∂|w_i|        R the sum of the outputs, w the filters and matrices
///
/// In double, since R grows with every layer, and in evaluation mode. Needs no data but its shape.
/// A softmax in an attention stays what it is; the sources say nothing of such networks. -infinity
/// where no path reaches the output. *Throws* c10::Error for a network without weights, and for one
/// whose inputs are whole numbers (tokens by number). *Cost*: a forward and a backward pass of one
/// example. *Source*: Tanaka et al. 2020; without normalisations and with the logarithm as in
/// Abdelfattah et al. 2021 and NAS-Bench-Suite-Zero.
struct Synflow {
  static constexpr std::string_view name = "synflow";

  double operator()(ScoredNetwork& network) const {
    network.check_has_weights(std::string(name));
    const at::Tensor& like = network.batches().front().data;
    TORCH_CHECK(like.is_floating_point(),
                "interchoice: synflow needs inputs of which all may be 1, "
                "got whole numbers; leave the score out");
    torch::nn::Module& module = network.module();
    module.eval();
    for (const at::Tensor& parameter : module.parameters()) make_positive(parameter);
    for (const at::Tensor& buffer : module.buffers()) make_positive(buffer);
    std::vector<std::int64_t> sizes = like.sizes().vec();
    sizes.front() = 1;
    const at::AutoGradMode gradients(true);
    const detail::PlainOperators plain;
    at::Tensor sum;
    {
      const detail::WithoutNorms without_norms;
      sum = network.forward(at::ones(sizes, like.options().dtype(at::kDouble))).sum();
    }
    const std::vector<at::Tensor>& weights = network.weights();
    const auto found = torch::autograd::grad({sum}, weights, /*grad_outputs=*/{},
                                             /*retain_graph=*/std::nullopt,
                                             /*create_graph=*/false, /*allow_unused=*/true);
    const c10::NoGradGuard no_grad;
    double flow = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (found[i].defined()) flow += (weights[i] * found[i]).abs().sum().item<double>();
    }
    return std::log(flow);
  }

 private:
  static void make_positive(const at::Tensor& tensor) {
    if (tensor.is_floating_point()) tensor.set_data(tensor.detach().to(at::kDouble).abs());
  }
};

}  // namespace interchoice
