#pragma once

#include <c10/util/Exception.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace interchoice::detail {

/// The value that the outputs of an operator share their memory with, by the operator's schema;
/// null for memory of their own.
inline const torch::jit::Value* shared_memory(const torch::jit::Node& node) {
  if (node.inputs().empty()) return nullptr;
  if (node.kind() == torch::jit::prim::ListUnpack) return node.inputs()[0];
  const auto* const schema = node.maybeSchema();
  if (schema == nullptr || schema->returns().empty()) return nullptr;
  return schema->returns()[0].alias_info() == nullptr ? nullptr : node.inputs()[0];
}

/// ONNX has no memory: an operator that writes in place becomes one with a new result. That is the
/// same only if nobody reads the old value afterwards by another name, such as a view of it.
///
/// *Throws* c10::Error where somebody does; `place_of(node)` says where.
template <class PlaceOf>
void check_written_values(const torch::jit::Graph& graph, const PlaceOf& place_of) {
  std::unordered_map<const torch::jit::Value*, std::size_t> last_use;
  std::unordered_map<const torch::jit::Value*, const torch::jit::Value*> owner;
  std::unordered_map<const torch::jit::Value*, std::vector<const torch::jit::Value*>> names;
  const auto owner_of = [&](const torch::jit::Value* value) {
    const auto found = owner.find(value);
    return found == owner.end() ? value : found->second;
  };
  std::size_t position = 0;
  for (const torch::jit::Node* node : graph.nodes()) {
    ++position;
    for (const torch::jit::Value* input : node->inputs()) last_use[input] = position;
  }
  for (const torch::jit::Value* output : graph.outputs()) last_use[output] = position + 1;
  position = 0;
  for (const torch::jit::Node* node : graph.nodes()) {
    ++position;
    const torch::jit::Value* const shared = shared_memory(*node);
    if (shared == nullptr) continue;
    const torch::jit::Value* const first = owner_of(shared);
    if (const auto* schema = node->maybeSchema(); schema != nullptr && schema->is_mutable()) {
      auto others = names[first];
      others.push_back(first);
      for (const torch::jit::Value* other : others) {
        const auto use = last_use.find(other);
        TORCH_CHECK(use == last_use.end() || use->second <= position,
                    "interchoice: ", node->kind().toQualString(), " ", place_of(*node),
                    " writes into memory that is read afterwards by another name, which ONNX "
                    "cannot express; use the operator that makes a new tensor");
      }
    }
    for (const torch::jit::Value* output : node->outputs()) {
      owner[output] = first;
      names[first].push_back(output);
    }
  }
}

}  // namespace interchoice::detail
