#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/nan_to_num.h>
#include <c10/util/Exception.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
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
  /// Such a number as a multiple of the batch; none if it is no such multiple.
  std::optional<TracedSize> multiple(const torch::jit::Node& node, std::size_t input) const {
    return varying_.at({&node, input});
  }
  bool varies(const torch::jit::Node& node) const {
    const auto next = varying_.lower_bound({&node, 0});
    return next != varying_.end() && next->first.first == &node;
  }

  /// The sizes of a tensor; none for what is no tensor of known sizes.
  std::vector<TracedSize> sizes(const torch::jit::Value& value) const {
    return compared(value, &concrete_sizes, "size");
  }
  /// Its strides.
  std::vector<TracedSize> strides(const torch::jit::Value& value) const {
    return compared(value, &concrete_strides, "stride");
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

  static std::vector<std::int64_t> concrete_strides(const torch::jit::Value& value) {
    const auto type = value.type()->cast<c10::TensorType>();
    if (!type) return {};
    return type->strides().concrete_sizes().value_or(std::vector<std::int64_t>());
  }

  // A number of both traces: the same, a multiple of the batch, or neither.
  std::optional<TracedSize> compared(std::int64_t a, std::int64_t b) const {
    if (a == b) return TracedSize{a, 0};
    const std::int64_t batch_a = concrete_sizes(*first_.graph->inputs()[0]).at(0);
    const std::int64_t batch_b = concrete_sizes(*second_.graph->inputs()[0]).at(0);
    if (batch_a == batch_b || a * batch_b != b * batch_a || a % batch_a != 0) return {};
    return TracedSize{a, a / batch_a};
  }

  std::vector<TracedSize> compared(
      const torch::jit::Value& value,
      std::vector<std::int64_t> (*numbers_of)(const torch::jit::Value&), const char* what) const {
    const auto a = numbers_of(value);
    const auto found = pairs_.find(&value);
    const auto b = found == pairs_.end() ? a : numbers_of(*found->second);
    TORCH_CHECK(a.size() == b.size(), kOtherOperators, "tensors of ", a.size(), " and ", b.size(),
                " dimensions", kAdvice);
    std::vector<TracedSize> numbers;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto number = compared(a[i], b[i]);
      TORCH_CHECK(number.has_value(), "interchoice: the network makes a tensor of ", what, " ",
                  a[i], " on axis ", i, " from one input and of ", what, " ", b[i],
                  " from another, which is no multiple of the batch; such a network cannot be "
                  "exported by tracing");
      numbers.push_back(*number);
    }
    return numbers;
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
        if (left->toInt() != right->toInt()) {
          varying_[{&a, i}] = compared(left->toInt(), right->toInt());
        }
      } else if (left->isDouble() && right->isDouble()) {
        if (left->toDouble() != right->toDouble()) varying_[{&a, i}] = std::nullopt;
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
  std::map<std::pair<const torch::jit::Node*, std::size_t>, std::optional<TracedSize>> varying_;
};

/// Traces a network in evaluation mode twice: for batches of two and three if it is to run at any
/// batch, else for the example's.
inline ComparedTraces compared_traces(const torch::nn::Module& network,
                                      const NetworkFunction& forward, const at::Tensor& example,
                                      bool dynamic_batch) {
  TORCH_CHECK(example.defined() && example.dim() >= 1 && example.numel() > 0,
              "interchoice: an export needs an example of the network's input: a batch of at least "
              "one, of the sizes that it is to take");
  TORCH_CHECK(!network.is_training(),
              "interchoice: the network is in training mode; call eval() on it before the export");
  if (!dynamic_batch) {
    return {trace_network(network, forward, example.contiguous()),
            trace_network(network, forward, varied_input(example, example.size(0)))};
  }
  std::vector<std::int64_t> sizes = example.sizes().vec();
  sizes[0] = 2;
  const at::Tensor pair = example.narrow(0, 0, 1).expand(sizes).contiguous();
  return {trace_network(network, forward, pair),
          trace_network(network, forward, varied_input(example, 3))};
}

}  // namespace interchoice::detail
