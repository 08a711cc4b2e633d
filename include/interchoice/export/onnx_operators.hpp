#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/export/detail/onnx_translation.hpp"
#include "interchoice/export/onnx_model.hpp"
#include "interchoice/export/traced_size.hpp"

namespace interchoice {

/// One operator of libtorch in a traced network, to be written as ONNX nodes. Arguments go by their
/// names in the operator's schema, as libtorch's documentation has them.
///
/// *Throws*: every member c10::Error with the operator and its place in the network, for an
/// argument that is not there, of another type, or known only when the model runs.
class OnnxCall {
 public:
  OnnxCall(detail::OnnxTranslation& translation, const torch::jit::Node& node)
      : translation_(translation), node_(node) {}

  /// Whether an argument is there and not None.
  bool has(std::string_view argument) const {
    const auto* const input = find(argument);
    if (input == nullptr) return false;
    const c10::IValue* const known = translation_.constant(*input);
    return known == nullptr || !known->isNone();
  }

  /// The ONNX name of a tensor.
  std::string tensor(std::string_view argument) const {
    return translation_.names(value(argument)).at(0);
  }

  /// The same, or "" for one that is left out.
  std::string optional_tensor(std::string_view argument) const {
    return has(argument) ? tensor(argument) : std::string();
  }

  /// The ONNX name of a tensor or number, converted to a type; that of the result by default.
  std::string operand(std::string_view argument, std::optional<at::ScalarType> to = {}) {
    const at::ScalarType type = to.value_or(result_type());
    const auto& input = value(argument);
    if (const c10::IValue* const known = translation_.constant(input)) {
      if (known->isScalar()) {
        return constant(at::scalar_tensor(constant_value(argument).toScalar(), type));
      }
      if (known->toTensor().scalar_type() == type) return tensor(argument);
      return constant(known->toTensor().to(type));
    }
    if (type_of(argument) == type) return tensor(argument);
    return add("Cast", {tensor(argument)}, {{"to", static_cast<int>(detail::onnx_type(type))}});
  }

  /// The ONNX names of a list of tensors.
  std::vector<std::string> tensors(std::string_view argument) const {
    const torch::jit::Node& list = *value(argument).node();
    if (list.kind() != torch::jit::prim::ListConstruct) refuse_argument(argument, "no list");
    std::vector<std::string> names;
    for (const auto* input : list.inputs()) names.push_back(translation_.names(*input).at(0));
    return names;
  }

  /// An argument that is a known whole number; refused otherwise, as those below.
  std::int64_t integer(std::string_view argument) const {
    const c10::IValue& known = constant_value(argument);
    if (!known.isInt()) refuse_argument(argument, "no whole number");
    return known.toInt();
  }
  /// A known number.
  double number(std::string_view argument) const {
    const c10::IValue& known = constant_value(argument);
    if (!known.isScalar()) refuse_argument(argument, "no number");
    return known.toScalar().toDouble();
  }
  /// A known truth value.
  bool boolean(std::string_view argument) const {
    const c10::IValue& known = constant_value(argument);
    if (!known.isBool()) refuse_argument(argument, "no truth value");
    return known.toBool();
  }
  std::string text(std::string_view argument) const {
    const auto known = constant_text(argument);
    if (!known) refuse_argument(argument, "no text");
    return *known;
  }
  /// A text where the argument is one, which some operators take for something else.
  std::optional<std::string> constant_text(std::string_view argument) const {
    const c10::IValue* const known = translation_.constant(value(argument));
    if (known == nullptr || !known->isString()) return {};
    return known->toStringRef();
  }
  /// A list of whole numbers; a single one is a list of one.
  std::vector<std::int64_t> integers(std::string_view argument) const {
    const c10::IValue& known = constant_value(argument);
    if (known.isInt()) return {known.toInt()};
    if (!known.isIntList()) refuse_argument(argument, "no list of whole numbers");
    return known.toIntVector();
  }
  /// A constant tensor's value, or none where it depends on the input.
  std::optional<at::Tensor> constant_tensor(std::string_view argument) const {
    const c10::IValue* const known = translation_.constant(value(argument));
    if (known == nullptr || !known->isTensor()) return {};
    return known->toTensor();
  }

  /// The element type of a tensor.
  at::ScalarType type_of(std::string_view argument) const { return type_of(value(argument)); }
  at::ScalarType result_type() const { return type_of(*node_.outputs().at(0)); }

  /// The sizes of a tensor, those that are multiples of the batch told apart.
  std::vector<TracedSize> sizes_of(std::string_view argument) const {
    return translation_.traces().sizes(value(argument));
  }
  /// Those of the result.
  std::vector<TracedSize> result_sizes() const {
    return translation_.traces().sizes(*node_.outputs().at(0));
  }
  /// The number of axes of a tensor.
  std::int64_t rank_of(std::string_view argument) const {
    return static_cast<std::int64_t>(sizes_of(argument).size());
  }
  /// An axis of a tensor, counted from the front.
  std::int64_t axis(std::string_view argument, std::string_view tensor) const {
    const std::int64_t given = integer(argument);
    return given < 0 ? given + rank_of(tensor) : given;
  }

  /// The tensors that an operator with a list as result makes, each by its size on an axis.
  std::vector<std::int64_t> list_sizes(std::int64_t axis) const {
    const auto& uses = node_.outputs().at(0)->uses();
    if (uses.size() != 1 || uses[0].user->kind() != torch::jit::prim::ListUnpack) {
      refuse("makes a list whose length is not known");
    }
    std::vector<std::int64_t> sizes;
    for (const auto* output : uses[0].user->outputs()) {
      const auto all = translation_.traces().sizes(*output);
      if (axis >= static_cast<std::int64_t>(all.size())) {
        sizes.push_back(1);  // of unbind
      } else if (all[static_cast<std::size_t>(axis)].per_example != 0) {
        refuse("cuts the batch");
      } else {
        sizes.push_back(all[static_cast<std::size_t>(axis)].size);
      }
    }
    return sizes;
  }

  /// A constant of the model.
  std::string constant(const at::Tensor& value) {
    return translation_.add_constant(value, translation_.unique("constant"));
  }
  /// Whole numbers.
  std::string constant(const std::vector<std::int64_t>& values) {
    return constant(at::tensor(values, at::kLong));
  }
  /// A number of the type of the result.
  std::string constant(double value) { return constant(at::scalar_tensor(value, result_type())); }

  /// Sizes as a tensor of whole numbers, for operators that take them so. Where the operator may
  /// infer one of them, as Reshape does, one multiple of the batch is -1.
  std::string shape(const std::vector<TracedSize>& sizes, bool may_infer) {
    const auto varies = [](const TracedSize& size) { return size.per_example != 0; };
    const auto count = std::count_if(sizes.begin(), sizes.end(), varies);
    std::vector<std::int64_t> plain;
    if (count == 0 || (may_infer && count == 1)) {
      for (const auto& size : sizes) plain.push_back(varies(size) ? -1 : size.size);
      return constant(plain);
    }
    std::vector<std::string> parts;
    for (const auto& size : sizes) {
      if (!varies(size)) {
        parts.push_back(constant(std::vector{size.size}));
      } else if (size.per_example == 1) {
        parts.push_back(translation_.batch_size());
      } else {
        parts.push_back(
            add("Mul", {translation_.batch_size(), constant(std::vector{size.per_example})}));
      }
    }
    return add("Concat", parts, {{"axis", 0}});
  }

  /// Adds a node with one output and returns that output's name.
  std::string add(const std::string& op_type, std::vector<std::string> inputs,
                  std::map<std::string, OnnxAttribute> attributes = {},
                  const std::string& domain = "") {
    return add_node(op_type, std::move(inputs), std::move(attributes), 1, domain).at(0);
  }

  /// The same with several outputs.
  std::vector<std::string> add_node(const std::string& op_type, std::vector<std::string> inputs,
                                    std::map<std::string, OnnxAttribute> attributes,
                                    std::size_t outputs, const std::string& domain = "") {
    while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();  // left out at the end
    const std::string module = translation_.module_of(node_);
    const std::string name =
        translation_.unique(module.empty() ? op_type : fmt::format("{}/{}", module, op_type));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < outputs; ++i) {
      names.push_back(translation_.unique(outputs == 1 ? name + "_output"
                                                       : fmt::format("{}_output_{}", name, i)));
    }
    translation_.model().nodes.push_back(
        {op_type, name, std::move(inputs), names, std::move(attributes), domain});
    return names;
  }

  /// Ends the export, for what ONNX cannot express.
  [[noreturn]] void refuse(std::string_view what) const {
    TORCH_CHECK(false, "interchoice: ", node_.kind().toQualString(), " ",
                translation_.place_of(node_), " ", what, "; its line in the trace: ", line());
  }

 private:
  using Value = torch::jit::Value;

  std::optional<std::size_t> index(std::string_view argument) const {
    const auto* const schema = node_.maybeSchema();
    if (schema == nullptr) refuse("has arguments of no known operator");
    const auto found = schema->argumentIndexWithName(argument);
    if (!found || static_cast<std::size_t>(*found) >= node_.inputs().size()) return {};
    return static_cast<std::size_t>(*found);
  }
  const Value* find(std::string_view argument) const {
    const auto found = index(argument);
    return found ? node_.inputs()[*found] : nullptr;
  }
  const Value& value(std::string_view argument) const {
    const Value* const found = find(argument);
    if (found == nullptr) refuse_argument(argument, "not there");
    return *found;
  }
  const c10::IValue& constant_value(std::string_view argument) const {
    const Value& input = value(argument);
    const c10::IValue* const known = translation_.constant(input);
    if (known == nullptr) refuse_argument(argument, "known only when the model runs");
    if (translation_.traces().varies(node_, *index(argument)) ||
        translation_.traces().varies(*input.node())) {
      refuse_argument(argument, "another for another input or batch");
    }
    return *known;
  }
  at::ScalarType type_of(const Value& value) const {
    if (const c10::IValue* const known = translation_.constant(value)) {
      if (known->isTensor()) return known->toTensor().scalar_type();
    }
    const auto type = value.type()->cast<c10::TensorType>();
    if (!type || !type->scalarType()) refuse("has a tensor of unknown type");
    return *type->scalarType();
  }
  [[noreturn]] void refuse_argument(std::string_view argument, std::string_view what) const {
    refuse(fmt::format("has an argument `{}` that is {}", argument, what));
  }
  std::string line() const {
    std::string text = c10::str(node_);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }

  detail::OnnxTranslation& translation_;
  const torch::jit::Node& node_;
};

/// How one operator of libtorch is written in ONNX: adds nodes, and returns the names of its
/// results; those of a list are its elements'.
using OnnxOperator = std::function<std::vector<std::string>(OnnxCall&)>;

/// Operators by their names, such as `aten::relu`; those that write in place go by the name without
/// the underscore. A table is a value: add to it, or replace what is there.
///
///   auto operators = standard_onnx_operators();
///   operators["aten::celu"] = [](OnnxCall& call) -> std::vector<std::string> {
///     return {call.add("Celu", {call.tensor("self")},
///                      {{"alpha", static_cast<float>(call.number("alpha"))}})};
///   };
using OnnxOperators = std::map<std::string, OnnxOperator>;

}  // namespace interchoice
