#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/export/detail/compared_traces.hpp"
#include "interchoice/export/detail/traced_places.hpp"
#include "interchoice/export/onnx_model.hpp"

namespace interchoice::detail {

inline OnnxType onnx_type(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return OnnxType::kFloat;
    case at::kDouble:
      return OnnxType::kDouble;
    case at::kHalf:
      return OnnxType::kFloat16;
    case at::kBFloat16:
      return OnnxType::kBfloat16;
    case at::kLong:
      return OnnxType::kInt64;
    case at::kInt:
      return OnnxType::kInt32;
    case at::kShort:
      return OnnxType::kInt16;
    case at::kChar:
      return OnnxType::kInt8;
    case at::kByte:
      return OnnxType::kUint8;
    case at::kBool:
      return OnnxType::kBool;
    default:
      TORCH_CHECK(false, "interchoice: tensors of ", type,
                  " cannot be exported to ONNX; convert "
                  "the network to float, half or double");
  }
}

inline OnnxTensor onnx_tensor(std::string name, const at::Tensor& tensor) {
  const at::Tensor values = tensor.detach().cpu().contiguous();
  return {std::move(name), onnx_type(values.scalar_type()), values.sizes().vec(),
          std::string(static_cast<const char*>(values.const_data_ptr()), values.nbytes())};
}

/// A trace on its way to a model: what does not depend on the input, as values; what does, as names
/// of what the model's nodes make.
class OnnxTranslation {
 public:
  using Value = torch::jit::Value;
  using Node = torch::jit::Node;

  /// With the names of the model's input and output, which nothing else gets.
  OnnxTranslation(const ComparedTraces& traces, std::string input, const std::string& output)
      : traces_(traces), places_(traces), input_(std::move(input)) {
    const auto& inputs = traces.graph().inputs();
    names_[inputs[0]] = {input_};
    taken_[input_] = 1;
    taken_[output] = 1;
    for (std::size_t i = 0; i < traces.state().size(); ++i) {
      constants_[inputs[i + 1]] = traces.state()[i].second.detach();
    }
  }

  const ComparedTraces& traces() const { return traces_; }
  OnnxModel& model() { return model_; }

  /// The value of what does not depend on the input; null for the rest.
  const c10::IValue* constant(const Value& value) const {
    const auto found = constants_.find(&value);
    return found == constants_.end() ? nullptr : &found->second;
  }

  /// The names of what is there already.
  std::vector<std::string> names(const Value& value) {
    const auto found = names_.find(&value);
    if (found != names_.end()) return found->second;
    const c10::IValue* const known = constant(value);
    TORCH_CHECK(known != nullptr && known->isTensor(), "interchoice: '", value.debugName(),
                "' of the traced network is no tensor: ", value.type()->repr_str());
    names_[&value] = {add_constant(known->toTensor(), unique(constant_name(value)))};
    return names_[&value];
  }
  void set_names(const Value& value, std::vector<std::string> names) {
    names_[&value] = std::move(names);
  }

  std::string add_constant(const at::Tensor& tensor, std::string name) {
    model_.initializers.push_back(onnx_tensor(name, tensor));
    return name;
  }

  /// A name that nothing has: the given one, or with a number behind it.
  std::string unique(const std::string& name) {
    const std::size_t count = taken_[name]++;
    return count == 0 ? name : unique(fmt::format("{}_{}", name, count));
  }

  /// The batch as a tensor [1], made once.
  std::string batch_size() {
    if (batch_size_.empty()) {
      batch_size_ = unique("batch_size");
      model_.nodes.push_back({.op_type = "Shape",
                              .name = batch_size_,
                              .inputs = {input_},
                              .outputs = {batch_size_},
                              .attributes = {{"start", 0}, {"end", 1}},
                              .domain = {}});
    }
    return batch_size_;
  }

  /// Notes a constant or list, or computes what follows from constants alone; false if the node has
  /// to become a part of the model.
  bool evaluate(const Node& node) {
    std::vector<c10::IValue> inputs;
    for (const Value* input : node.inputs()) {
      const c10::IValue* const known = constant(*input);
      if (known == nullptr) return false;
      inputs.push_back(*known);
    }
    if (node.kind() == torch::jit::prim::Constant) {
      constants_[node.output()] = *torch::jit::toIValue(node.output());
      return true;
    }
    if (node.kind() == torch::jit::prim::ListConstruct) {
      const auto element = node.output()->type()->expectRef<c10::ListType>().getElementType();
      c10::impl::GenericList list(element);
      for (const c10::IValue& input : inputs) list.push_back(input);
      constants_[node.output()] = list;
      return true;
    }
    if (node.kind() == torch::jit::prim::ListUnpack) {
      const auto elements = inputs.at(0).toListRef();
      for (std::size_t i = 0; i < node.outputs().size(); ++i) {
        constants_[node.outputs()[i]] = elements[i];
      }
      return true;
    }
    const auto* const schema = node.maybeSchema();
    if (schema == nullptr || schema->is_mutable() || node.isNondeterministic() || varies(node)) {
      return false;
    }
    const c10::NoGradGuard no_grad;
    node.getOperation()(inputs);
    for (std::size_t i = 0; i < node.outputs().size(); ++i) {
      constants_[node.outputs()[i]] = inputs.at(i);
    }
    return true;
  }

  std::string module_of(const Node& node) const { return places_.module_of(node); }
  std::string place_of(const Node& node) const { return places_.place_of(node); }

 private:
  // A parameter's own name; `weight.t` of what an operator made of it.
  std::string constant_name(const Value& value) const {
    if (const std::string* const own = places_.state_name(value)) return *own;
    for (const Value* input : value.node()->inputs()) {
      const std::string* const source = places_.state_name(*input);
      if (source == nullptr) continue;
      return fmt::format("{}.{}", *source, value.node()->kind().toUnqualString());
    }
    return "constant";
  }

  bool varies(const Node& node) const {
    if (traces_.varies(node)) return true;
    for (const Value* input : node.inputs()) {
      if (traces_.varies(*input->node())) return true;
    }
    return false;
  }

  const ComparedTraces& traces_;
  TracedPlaces places_;
  std::string input_;
  OnnxModel model_;
  std::unordered_map<const Value*, c10::IValue> constants_;
  std::unordered_map<const Value*, std::vector<std::string>> names_;
  std::map<std::string, std::size_t> taken_;
  std::string batch_size_;
};

}  // namespace interchoice::detail
