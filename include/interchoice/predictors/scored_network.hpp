#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/data/batch.hpp"
#include "interchoice/nn/device.hpp"
#include "interchoice/nn/settle_weights.hpp"
#include "interchoice/training/loss.hpp"

namespace interchoice {

/// A network that scores look at, with a few batches and a loss; what several scores need is
/// computed once.
///
///     ic::ScoredNetwork scored(net, {data.evaluation(0)});
///     const double score = ic::Score(ic::Synflow{})(scored);
///
/// Refers to the network, which must stay.
class ScoredNetwork {
 public:
  /// A network of any kind of tensors: a module holder with `forward(x)`, such as a `Subnet`, or a
  /// pointer to what has `module()` and `forward(x)`. The batches go to its device.
  template <class Network>
  explicit ScoredNetwork(Network& network, const std::vector<Batch>& batches,
                         Loss loss = CrossEntropy{})
      : ScoredNetwork(
            module_of(network), [&network](const at::Tensor& x) { return network->forward(x); },
            batches, std::move(loss)) {}

  /// The same of a module and what runs it. *Throws* c10::Error without batches.
  ScoredNetwork(torch::nn::Module& module, std::function<at::Tensor(const at::Tensor&)> forward,
                const std::vector<Batch>& batches, Loss loss = CrossEntropy{})
      : module_(&module), forward_(std::move(forward)), loss_(std::move(loss)) {
    TORCH_CHECK(!batches.empty(),
                "interchoice: a ScoredNetwork needs at least one batch, got none");
    settle_weights(module);
    for (const Batch& batch : batches) {
      batches_.push_back(on_device(batch, device_of(module)));
      examples_ += batch.data.size(0);
    }
    for (const auto& parameter : module.named_parameters()) {
      if (parameter.value().dim() >= 2 && parameter.value().requires_grad()) {
        weights_.push_back(parameter.value());
      }
    }
  }

  /// Says of which architecture the network is: the name of the candidate that each choice takes.
  void set_operations(std::vector<std::string> names) { operations_ = std::move(names); }
  /// Those names; none where nobody has said them.
  const std::vector<std::string>& operations() const { return operations_; }

  /// The network's module.
  torch::nn::Module& module() const { return *module_; }
  at::Tensor forward(const at::Tensor& x) const { return forward_(x); }
  /// The examples that scores look at, with their targets.
  const std::vector<Batch>& batches() const { return batches_; }

  /// Filters and matrices: the trainable parameters of two or more axes. Biases, the scales of
  /// normalisations and constants per channel are none.
  const std::vector<at::Tensor>& weights() const { return weights_; }

  /// A batch's part of all examples.
  double share(const Batch& batch) const {
    return static_cast<double>(batch.data.size(0)) / static_cast<double>(examples_);
  }

  /// The loss of a batch, with the graph for its derivatives. *Throws* c10::Error if it is no
  /// scalar.
  at::Tensor loss(const Batch& batch) const {
    const at::AutoGradMode gradients(true);
    at::Tensor value = loss_(forward_(batch.data), batch.target, batch.data);
    TORCH_CHECK(value.dim() == 0,
                "interchoice: a score needs a loss that is a scalar, got one of "
                "the shape ",
                value.sizes());
    return value;
  }

  /// The derivatives of the mean loss over all examples by each of `weights()`, in training mode;
  /// zeros of what is not used. *Cost*: a forward and a backward pass the first time.
  ///
  ///     g = Σ_b n_b / N · ∂ loss(batch b) / ∂ w
  const std::vector<at::Tensor>& weight_gradients() {
    if (gradients_.empty()) {
      module_->train();
      for (const Batch& batch : batches_) add_gradients(loss(batch), share(batch));
    }
    return gradients_;
  }

  /// Σ_i f(w_i, g_i) over all weights and their `weight_gradients()`; f returns a scalar tensor.
  template <class Function>
  double sum_over_weights(const Function& f) {
    const std::vector<at::Tensor>& gradients = weight_gradients();
    const c10::NoGradGuard no_grad;
    double sum = 0;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      sum += f(weights_[i], gradients[i]).template item<double>();
    }
    return sum;
  }

  /// *Throws* c10::Error that names the score if the network has no weights.
  void check_has_weights(const std::string& score) const {
    TORCH_CHECK(!weights_.empty(), "interchoice: the score ", score,
                " needs trainable parameters of two or more axes, and the network has none; leave "
                "the score out");
  }

 private:
  template <class Network>
  static torch::nn::Module& module_of(Network& network) {
    if constexpr (requires { network->module(); }) {
      return network->module();
    } else {
      return *network;
    }
  }

  void add_gradients(const at::Tensor& loss, double share) {
    std::vector<at::Tensor> found =
        torch::autograd::grad({loss}, weights_, /*grad_outputs=*/{}, /*retain_graph=*/std::nullopt,
                              /*create_graph=*/false, /*allow_unused=*/true);
    const bool is_first = gradients_.empty();
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      if (is_first) gradients_.push_back(at::zeros_like(weights_[i]).detach());
      if (found[i].defined()) gradients_[i].add_(found[i], share);
    }
  }

  torch::nn::Module* module_;
  std::function<at::Tensor(const at::Tensor&)> forward_;
  Loss loss_;
  std::vector<Batch> batches_;
  std::int64_t examples_ = 0;
  std::vector<std::string> operations_;
  std::vector<at::Tensor> weights_;
  std::vector<at::Tensor> gradients_;
};

}  // namespace interchoice
