#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>
#include <c10/core/Layout.h>
#include <c10/core/MemoryFormat.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/export/detail/compared_traces.hpp"
#include "interchoice/export/detail/exported_tensor.hpp"
#include "interchoice/export/detail/traced_places.hpp"
#include "interchoice/export/traced_size.hpp"

namespace interchoice::detail {

/// A tensor that a program holds: a parameter, a buffer, or a constant of its operators.
struct ExportedTensor {
  std::string name;
  std::string kind;  // parameter, buffer or tensor_constant
  at::Tensor tensor;
};

/// Two traces as a program of torch.export, in the JSON of its schema 8: the operators as they ran,
/// in place where they wrote in place, with named arguments.
class ExportedGraph {
 public:
  using Json = nlohmann::json;
  using Value = torch::jit::Value;
  using Node = torch::jit::Node;

  ExportedGraph(const ComparedTraces& traces, const torch::nn::Module& network)
      : traces_(traces), places_(traces) {
    const auto& inputs = traces.graph().inputs();
    name_value(*inputs[0], "x");
    const auto parameters = network.named_parameters();
    for (std::size_t i = 0; i < traces.state().size(); ++i) {
      const auto& [name, tensor] = traces.state()[i];
      names_[inputs[i + 1]] =
          hold({name, parameters.contains(name) ? "parameter" : "buffer", tensor});
    }
    for (const Node* node : traces.graph().nodes()) add(*node);
  }

  const std::vector<ExportedTensor>& tensors() const { return tensors_; }

  /// The whole program: graph, signature, versions.
  Json program() {
    const std::string result = names_.at(traces_.graph().outputs().at(0));
    Json user_input{{"arg", as_tensor("x")}};
    input_specs_.push_back({{"user_input", user_input}});
    inputs_.push_back(as_tensor("x"));
    const Json empty = Json::object();
    const Json graph{{"inputs", inputs_},
                     {"outputs", Json::array({as_tensor(result)})},
                     {"nodes", nodes_},
                     {"tensor_values", values_},
                     {"sym_int_values", numbers_},
                     {"sym_float_values", empty},
                     {"sym_bool_values", empty},
                     {"custom_obj_values", empty},
                     {"is_single_tensor_return", false}};
    const Json output{{"user_output", {{"arg", as_tensor(result)}}}};
    // One tensor in, by position, and one out.
    const Json call{
        {"inputs", Json::array()},
        {"outputs", Json::array()},
        {"in_spec",
         R"([1, {"type": "builtins.tuple", "context": "null", "children_spec": [{"type": )"
         R"("builtins.tuple", "context": "null", "children_spec": [{"type": null, "context": null, )"
         R"("children_spec": []}]}, {"type": "builtins.dict", "context": "[]", "children_spec": )"
         R"([]}]}])"},
        {"out_spec", R"([1, {"type": null, "context": null, "children_spec": []}])"},
        {"forward_arg_names", Json::array({"x"})}};
    Json ranges = empty;
    if (traces_.sizes(*traces_.graph().inputs()[0]).at(0).per_example != 0) {
      ranges["s0"] = {{"min_val", 1}, {"max_val", nullptr}};
    }
    return {
        {"graph_module",
         {{"graph", graph},
          {"signature", {{"input_specs", input_specs_}, {"output_specs", Json::array({output})}}},
          {"module_call_graph", Json::array({{{"fqn", ""}, {"signature", call}}})},
          {"metadata", empty},
          {"treespec_namedtuple_fields", empty}}},
        {"opset_version", {{"aten", 10}}},
        {"range_constraints", ranges},
        {"schema_version", {{"major", 8}, {"minor", 17}}},
        {"verifiers", Json::array({"TRAINING"})},
        {"torch_version", "2.11.0"},  // whose form this is
        {"guards_code", Json::array()}};
  }

 private:
  static Json as_tensor(const std::string& name) { return {{"as_tensor", {{"name", name}}}}; }

  // A name that nothing has, as Python's variables have them.
  std::string unique(std::string name) {
    for (char& c : name) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    }
    const std::size_t count = taken_[name]++;
    return count == 0 ? name : unique(fmt::format("{}_{}", name, count));
  }

  std::string name_value(const Value& value, const std::string& wanted) {
    const auto type = value.type()->cast<c10::TensorType>();
    const auto strides = traces_.strides(value);
    TORCH_CHECK(type && type->scalarType() && type->device() &&
                    strides.size() == traces_.sizes(value).size(),
                "interchoice: '", value.debugName(),
                "' of the traced network is no tensor of known sizes: ", value.type()->repr_str());
    const std::string name = unique(wanted);
    values_[name] = exported_tensor(*type->scalarType(), *type->device(), traces_.sizes(value),
                                    strides, /*requires_grad=*/false);
    names_[&value] = name;
    return name;
  }

  // An input of the graph, which no call gives.
  std::string hold(ExportedTensor held) {
    static const std::map<std::string, std::string> prefixes{
        {"parameter", "p_"}, {"buffer", "b_"}, {"tensor_constant", "c_"}};
    // In one block, in the order of its memory where it has one.
    if (!held.tensor.is_non_overlapping_and_dense()) {
      held.tensor = held.tensor.detach().contiguous().requires_grad_(held.tensor.requires_grad());
    }
    const std::string name = unique(prefixes.at(held.kind) + held.name);
    values_[name] = exported_tensor(held.tensor);
    Json spec{{"arg", {{"name", name}}}, {held.kind + "_name", held.name}};
    if (held.kind == "buffer") spec["persistent"] = true;
    input_specs_.push_back({{held.kind, spec}});
    inputs_.push_back(as_tensor(name));
    tensors_.push_back(std::move(held));
    return name;
  }

  void add_node(const std::string& name, const std::string& target, Json inputs, Json outputs) {
    nodes_.push_back({{"name", name},
                      {"target", target},
                      {"inputs", std::move(inputs)},
                      {"outputs", std::move(outputs)},
                      {"metadata", Json::object()},
                      {"is_hop_single_tensor_return", nullptr}});
  }

  static Json named(const std::string& name, Json value, bool is_keyword = false) {
    return {{"name", name}, {"arg", std::move(value)}, {"kind", is_keyword ? 2 : 1}};
  }

  // The name of a whole number that follows the batch; made by operators where first needed.
  Json multiple_of_batch(const TracedSize& size) {
    const auto found = multiples_.find(size.per_example);
    if (found != multiples_.end()) return {{"as_name", found->second}};
    const bool is_batch = size.per_example == 1;
    const Json batch = is_batch ? Json() : multiple_of_batch({size.size / size.per_example, 1});
    const std::string name = unique(is_batch ? "batch" : fmt::format("batch_{}", size.per_example));
    multiples_[size.per_example] = name;
    numbers_[name] = exported_size(size);
    const Json inputs =
        is_batch ? Json::array({named("self", as_tensor("x")), named("dim", {{"as_int", 0}})})
                 : Json::array({named("a", {{"as_sym_int", batch}}),
                                named("b", {{"as_int", size.per_example}})});
    add_node(name, is_batch ? "torch.ops.aten.sym_size.int" : "_operator.mul", inputs,
             Json::array({{{"as_sym_int", {{"as_name", name}}}}}));
    return {{"as_name", name}};
  }

  void add(const Node& node) {
    namespace prim = torch::jit::prim;
    // Constants and lists are written where they are used, lists' parts with their operator.
    for (const auto kind : {prim::Constant, prim::ListConstruct, prim::ListUnpack}) {
      if (node.kind() == kind) return;
    }
    const auto* const schema = node.maybeSchema();
    if (schema == nullptr ||
        !c10::Dispatcher::singleton().findSchema(schema->operator_name()).has_value()) {
      refuse(node, "is no operator of libtorch's dispatcher");
    }
    std::string target = schema->name();
    std::string overload = schema->overload_name();
    std::size_t count = node.inputs().size();
    if (target == "aten::_convolution") {  // with switches of libraries behind, which are not kept
      target = "aten::convolution";
      overload.clear();
      count = 9;
    }
    const std::string own_name = target.substr(target.find("::") + 2);
    target.replace(target.find("::"), 2, ".");
    Json inputs = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
      const c10::Argument& argument = schema->arguments().at(i);
      inputs.push_back(
          named(argument.name(), given(node, i, *argument.real_type()), argument.kwarg_only()));
    }
    Json outputs = Json::array();
    std::string name;
    if (node.outputs().size() == 1 && node.output()->type()->kind() == c10::TypeKind::ListType) {
      const auto& uses = node.output()->uses();
      if (uses.size() != 1 || uses[0].user->kind() != prim::ListUnpack) {
        refuse(node, "makes a list whose length is not known");
      }
      Json parts = Json::array();
      for (const Value* part : uses[0].user->outputs()) {
        parts.push_back({{"name", name_value(*part, own_name)}});
      }
      outputs.push_back({{"as_tensors", parts}});
    } else {
      for (const Value* output : node.outputs()) {
        name = name_value(*output, own_name);
        outputs.push_back(as_tensor(name));
      }
    }
    if (node.outputs().size() != 1 || name.empty()) name = unique(own_name);
    add_node(name, fmt::format("torch.ops.{}.{}", target, overload.empty() ? "default" : overload),
             std::move(inputs), std::move(outputs));
  }

  Json given(const Node& node, std::size_t input, const c10::Type& declared) {
    const Value& value = *node.inputs()[input];
    if (const auto found = names_.find(&value); found != names_.end()) {
      return as_tensor(found->second);
    }
    const c10::Type* type = &declared;
    if (const auto* optional = type->castRaw<c10::OptionalType>()) {
      type = optional->getElementType().get();
    }
    const Node& source = *value.node();
    if (source.kind() == torch::jit::prim::ListConstruct) return list(source);
    if (source.kind() == torch::jit::prim::Constant) return constant(node, input, *type);
    refuse(node,
           fmt::format("takes what {} made, which is no tensor", source.kind().toQualString()));
  }

  // Of one kind: tensors, with None among them, numbers, of which some follow the batch, or others.
  Json list(const Node& node) {
    Json parts = Json::array();
    std::string kind = "as_int";
    for (std::size_t i = 0; i < node.inputs().size(); ++i) {
      const Json part = given(node, i, *node.inputs()[i]->type());
      const std::string own = part.begin().key();
      if (i == 0 || own == "as_sym_int" || own == "as_tensor") kind = own;
      parts.push_back(part);
    }
    const bool has_none = std::any_of(parts.begin(), parts.end(),
                                      [](const Json& part) { return part.contains("as_none"); });
    if (has_none) return {{"as_optional_tensors", parts}};
    for (Json& part : parts) {
      if (kind == "as_sym_int" && part.contains("as_int")) continue;
      part = Json(part.begin().value());
    }
    return {{kind + "s", parts}};
  }

  Json constant(const Node& node, std::size_t input, const c10::Type& type) {
    const c10::IValue value = *torch::jit::toIValue(node.inputs()[input]);
    if (traces_.varies(node, input)) {
      const auto multiple = traces_.multiple(node, input);
      if (!multiple) refuse(node, "has an argument that is another for another input or batch");
      return {{"as_sym_int", multiple_of_batch(*multiple)}};
    }
    if (value.isNone() || (value.isTensor() && !value.toTensor().defined())) {
      return {{"as_none", true}};
    }
    if (value.isTensor()) {
      const std::string name = fmt::format("constant_{}", tensors_.size());
      const std::string own = hold({name, "tensor_constant", value.toTensor()});
      names_[node.inputs()[input]] = own;
      return as_tensor(own);
    }
    if (value.isBool()) return {{"as_bool", value.toBool()}};
    if (value.isDouble()) return {{"as_float", real(value.toDouble())}};
    if (value.isString()) return {{"as_string", value.toStringRef()}};
    if (value.isDevice()) return {{"as_device", exported_device(value.toDevice())}};
    if (!value.isInt()) {
      refuse(node, fmt::format("has an argument of the type {}, which is not known here",
                               value.tagKind()));
    }
    const std::int64_t number = value.toInt();
    switch (type.kind()) {
      case c10::TypeKind::ScalarTypeType:
        return {{"as_scalar_type", exported_type(static_cast<at::ScalarType>(number))}};
      case c10::TypeKind::LayoutType:
        TORCH_CHECK(static_cast<at::Layout>(number) == at::kStrided,
                    "interchoice: a tensor that is not strided cannot be exported to .pt2");
        return {{"as_layout", 7}};
      case c10::TypeKind::MemoryFormatType: {
        static const std::map<at::MemoryFormat, int> formats{{at::MemoryFormat::Contiguous, 1},
                                                             {at::MemoryFormat::ChannelsLast, 2},
                                                             {at::MemoryFormat::ChannelsLast3d, 3},
                                                             {at::MemoryFormat::Preserve, 4}};
        return {{"as_memory_format", formats.at(static_cast<at::MemoryFormat>(number))}};
      }
      default:
        return {{"as_int", number}};
    }
  }

  // JSON has no infinity; Python's float() reads these.
  static Json real(double number) {
    if (std::isfinite(number)) return number;
    if (std::isnan(number)) return "NaN";
    return number > 0 ? "Infinity" : "-Infinity";
  }

  [[noreturn]] void refuse(const Node& node, std::string_view what) const {
    TORCH_CHECK(false, "interchoice: ", node.kind().toQualString(), " ", places_.place_of(node),
                " ", what, "; it cannot be exported to .pt2. Its line in the trace: ", node);
  }

  const ComparedTraces& traces_;
  TracedPlaces places_;
  std::vector<ExportedTensor> tensors_;
  Json inputs_ = Json::array();
  Json input_specs_ = Json::array();
  Json nodes_ = Json::array();
  Json values_ = Json::object();
  Json numbers_ = Json::object();
  std::unordered_map<const Value*, std::string> names_;
  std::map<std::int64_t, std::string> multiples_;
  std::map<std::string, std::size_t> taken_;
};

}  // namespace interchoice::detail
