#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/autograd/edge.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <cstddef>
#include <unordered_set>
#include <vector>

namespace interchoice::detail {

/// Gives each use of an input within a computation a gradient of its own; the leaves that have
/// them, in the order of the backward pass.
///
/// libtorch adds the gradients of a tensor's uses one by one, and floating-point sums depend on
/// that: who computes some of the uses apart must not add them up before.
inline std::vector<at::Tensor> separate_uses(const std::vector<at::Tensor>& results,
                                             const at::Tensor& input) {
  using torch::autograd::Node;
  struct Use {
    Node* node;
    std::size_t edge;
  };
  const Node* const own = torch::autograd::impl::grad_accumulator(input).get();
  std::vector<Use> uses;
  std::vector<Node*> open;
  std::unordered_set<const Node*> seen;
  const auto visit = [&](Node* node) {
    if (node != nullptr && node != own && seen.insert(node).second) open.push_back(node);
  };
  for (const at::Tensor& result : results) {
    if (result.defined()) visit(result.grad_fn().get());
  }
  while (!open.empty()) {
    Node* const node = open.back();
    open.pop_back();
    for (std::size_t i = 0; i < node->num_outputs(); ++i) {
      Node* const next = node->next_edge(i).function.get();
      if (next == own) uses.push_back({node, i});
      visit(next);
    }
  }
  // Nodes run backward in the opposite order of their making.
  std::sort(uses.begin(), uses.end(), [](const Use& a, const Use& b) {
    if (a.node != b.node) return a.node->sequence_nr() > b.node->sequence_nr();
    return a.edge < b.edge;
  });
  std::vector<at::Tensor> leaves;
  for (const Use& use : uses) {
    leaves.push_back(input.detach().requires_grad_());
    // In the list itself: the node has parents, but the new leaf is as deep as the input was.
    use.node->next_edges()[use.edge] = torch::autograd::impl::gradient_edge(leaves.back());
  }
  return leaves;
}

}  // namespace interchoice::detail
