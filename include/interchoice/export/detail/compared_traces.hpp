#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/nan_to_num.h>
#include <c10/util/Exception.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/export/detail/traced_network.hpp"
#include "interchoice/export/traced_size.hpp"

namespace interchoice::detail {

/// Two traces of one network for other values, and, if it is to run at any batch, for batches of
/// other sizes. A trace keeps numbers as they were; where the two differ, a number depends on the
/// batch or on the values.
///
/// *Throws* c10::Error where the network ran other operators, or where a tensor that libtorch's
/// operators did not make differs.
class ComparedTraces {
 public:
  ComparedTraces(TracedNetwork first, TracedNetwork second)
      : first_(std::move(first)), second_(std::move(second)) {
    const auto a = operators(*first_.graph);
    const auto b = operators(*second_.graph);
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) compare(*a[i], *b[i]);
    TORCH_CHECK(a.size() == b.size(), kOtherOperators, a.size(), " and ", b.size(), " of them",
                kAdvice);
    for (std::size_t i = 0; i < first_.graph->inputs().size(); ++i) {
      pairs_[first_.graph->inputs()[i]] = second_.graph->inputs()[i];
    }
  }

  const torch::jit::Graph& graph() const { return *first_.graph; }
  const std::vector<std::pair<std::string, at::Tensor>>& state() const { return first_.state; }

  /// Whether an input of a node, which both traces know as a number, is not the same in both.
  bool varies(const torch::jit::Node& node, std::size_t input) const {
    return varying_.contains({&node, input});
  }
  bool varies(const torch::jit::Node& node) const {
    const auto next = varying_.lower_bound({&node, 0});
    return next != varying_.end() && next->first == &node;
  }

  /// The sizes of a tensor; none for what is no tensor of known sizes.
  std::vector<TracedSize> sizes(const torch::jit::Value& value) const {
    const auto a = concrete_sizes(value);
    const auto found = pairs_.find(&value);
    const auto b = found == pairs_.end() ? a : concrete_sizes(*found->second);
    TORCH_CHECK(a.size() == b.size(), kOtherOperators, "tensors of ", a.size(), " and ", b.size(),
                " dimensions", kAdvice);
    const std::int64_t batch_a = concrete_sizes(*first_.graph->inputs()[0]).at(0);
    const std::int64_t batch_b = concrete_sizes(*second_.graph->inputs()[0]).at(0);
    std::vector<TracedSize> sizes;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a[i] == b[i]) {
        sizes.push_back({a[i], 0});
        continue;
      }
      TORCH_CHECK(batch_a != batch_b && a[i] * batch_b == b[i] * batch_a && a[i] % batch_a == 0,
                  "interchoice: the network makes a tensor of size ", a[i], " on axis ", i,
                  " from one input and of size ", b[i],
                  " from another, which is no multiple of the batch; such a network cannot be "
                  "exported by tracing");
      sizes.push_back({a[i], a[i] / batch_a});
    }
    return sizes;
  }

 private:
  static constexpr const char* kOtherOperators =
      "interchoice: the network runs other operators for other inputs: ";
  static constexpr const char* kAdvice =
      "; an export is one fixed list of them. If it is the size of the batch that decides, export "
      "with dynamic_batch = false";

  static std::vector<const torch::jit::Node*> operators(const torch::jit::Graph& graph) {
    std::vector<const torch::jit::Node*> nodes;
    for (const torch::jit::Node* node : graph.nodes()) {
      if (node->kind() != torch::jit::prim::Constant) nodes.push_back(node);
    }
    return nodes;
  }

  static std::vector<std::int64_t> concrete_sizes(const torch::jit::Value& value) {
    const auto type = value.type()->cast<c10::TensorType>();
    if (!type) return {};
    return type->sizes().concrete_sizes().value_or(std::vector<std::int64_t>());
  }

  void compare(const torch::jit::Node& a, const torch::jit::Node& b) {
    TORCH_CHECK(a.kind() == b.kind() && a.inputs().size() == b.inputs().size() &&
                    a.outputs().size() == b.outputs().size(),
                kOtherOperators, a.kind().toQualString(), " and ", b.kind().toQualString(),
                kAdvice);
    for (std::size_t i = 0; i < a.inputs().size(); ++i) {
      const auto left = torch::jit::toIValue(a.inputs()[i]);
      const auto right = torch::jit::toIValue(b.inputs()[i]);
      TORCH_CHECK(left.has_value() == right.has_value(), kOtherOperators, a.kind().toQualString(),
                  " with and without a constant", kAdvice);
      if (!left) continue;
      if (left->isTensor() && right->isTensor()) {
        TORCH_CHECK(equal(left->toTensor(), right->toTensor()), "interchoice: an input of ",
                    a.kind().toQualString(),
                    " depends on the network's input, but libtorch's operators did not make it; an "
                    "export sees only these; compute it with them while "
                    "torch::jit::tracer::isTracing()");
      } else if (left->isInt() && right->isInt()) {
        if (left->toInt() != right->toInt()) varying_.insert({&a, i});
      } else if (left->isDouble() && right->isDouble()) {
        if (left->toDouble() != right->toDouble()) varying_.insert({&a, i});
      }
    }
    for (std::size_t i = 0; i < a.outputs().size(); ++i) pairs_[a.outputs()[i]] = b.outputs()[i];
  }

  static bool equal(const at::Tensor& a, const at::Tensor& b) {
    if (!a.defined() || !b.defined()) return a.defined() == b.defined();
    if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return false;
    if (!a.is_floating_point()) return at::equal(a, b);
    return at::equal(at::nan_to_num(a), at::nan_to_num(b));
  }

  TracedNetwork first_;
  TracedNetwork second_;
  std::unordered_map<const torch::jit::Value*, const torch::jit::Value*> pairs_;
  std::set<std::pair<const torch::jit::Node*, std::size_t>> varying_;
};

}  // namespace interchoice::detail
