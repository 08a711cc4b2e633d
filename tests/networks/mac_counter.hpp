#pragma once

// A second count of multiply-accumulates: from the graph of what libtorch really ran, with the
// shapes that the tensors really had.

#include <ATen/core/Tensor.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace interchoice::testing {

/// The parameter that a node of the graph leads to, directly or through views.
inline at::Tensor parameter_behind(const torch::autograd::Node* node) {
  while (node != nullptr && node->num_outputs() > 0) node = node->next_edge(0).function.get();
  const auto* leaf = dynamic_cast<const torch::autograd::AccumulateGrad*>(node);
  return leaf == nullptr ? at::Tensor() : leaf->variable;
}

/// MACs of all convolutions and matrix products that made `y`. The parameters require gradients.
inline std::int64_t macs_behind(const at::Tensor& y) {
  std::int64_t macs = 0;
  std::set<const torch::autograd::Node*> seen;
  std::vector<const torch::autograd::Node*> open{y.grad_fn().get()};
  while (!open.empty()) {
    const torch::autograd::Node* node = open.back();
    open.pop_back();
    if (node == nullptr || !seen.insert(node).second) continue;
    const std::string name = node->name();
    const auto size = [&](std::size_t axis) {
      return node->input_metadata(0).shape_as_dim_vector()[axis].expect_int();
    };
    if (name == "ConvolutionBackward0") {  // (x, weight, bias) -> [N, C_out, H, W]
      const at::Tensor weight = parameter_behind(node->next_edge(1).function.get());
      macs += size(0) * size(2) * size(3) * weight.numel();
    } else if (name == "AddmmBackward0") {  // (bias, x, weight^T) -> [N, outputs]
      macs += size(0) * parameter_behind(node->next_edge(2).function.get()).numel();
    }
    for (const auto& edge : node->next_edges()) open.push_back(edge.function.get());
  }
  return macs;
}

/// The MACs that a network runs for one image.
template <class Network, class Path>
std::int64_t counted_macs(Network& network, const Path& path, const at::Tensor& image) {
  const bool training = network->is_training();
  network->eval();
  const std::int64_t macs = macs_behind(network->forward(image, path));
  network->train(training);
  return macs;
}

}  // namespace interchoice::testing
