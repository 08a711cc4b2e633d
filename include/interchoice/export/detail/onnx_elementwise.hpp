#pragma once

#include <cmath>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/export/onnx_operators.hpp"

/// Operators that act on each element by itself.
namespace interchoice::detail {

using OnnxNames = std::vector<std::string>;

inline OnnxNames onnx_gelu(OnnxCall& call) {
  const std::string x = call.tensor("self");
  std::string inner;
  if (call.text("approximate") == "tanh") {
    const std::string cube = call.add("Mul", {call.add("Mul", {x, x}), x});
    const std::string sum = call.add("Add", {x, call.add("Mul", {cube, call.constant(0.044715)})});
    inner =
        call.add("Tanh", {call.add("Mul", {sum, call.constant(std::sqrt(2 / std::numbers::pi))})});
  } else {
    inner = call.add("Erf", {call.add("Mul", {x, call.constant(std::numbers::sqrt2 / 2)})});
  }
  const std::string half = call.add("Mul", {x, call.constant(0.5)});
  return {call.add("Mul", {half, call.add("Add", {inner, call.constant(1.0)})})};
}

/// Clip between two arguments, each of which may be left out.
inline OnnxOperator onnx_clip(const char* least, const char* most) {
  return [=](OnnxCall& call) -> OnnxNames {
    const auto bound = [&](const char* argument) {
      return call.has(argument) ? call.operand(argument) : std::string();
    };
    return {call.add("Clip", {call.tensor("self"), bound(least), bound(most)})};
  };
}

/// self op alpha * other
inline OnnxOperator onnx_sum(const char* op_type, bool is_reversed) {
  return [=](OnnxCall& call) -> OnnxNames {
    std::string self = call.operand("self");
    std::string other = call.operand("other");
    if (call.has("alpha") && call.number("alpha") != 1) {
      std::string& scaled = is_reversed ? self : other;
      scaled = call.add("Mul", {scaled, call.operand("alpha")});
    }
    if (is_reversed) std::swap(self, other);
    return {call.add(op_type, {self, other})};
  };
}

inline OnnxNames onnx_quotient(OnnxCall& call) {
  const std::string quotient = call.add("Div", {call.operand("self"), call.operand("other")});
  if (!call.has("rounding_mode")) return {quotient};
  if (call.text("rounding_mode") != "floor") call.refuse("rounds otherwise than down");
  return {call.add("Floor", {quotient})};
}

inline OnnxOperator onnx_binary(const char* op_type, const char* other = "other") {
  return [=](OnnxCall& call) -> OnnxNames {
    return {call.add(op_type, {call.operand("self"), call.operand(other)})};
  };
}

/// A comparison: its operands have a type of their own.
inline OnnxOperator onnx_comparison(const char* op_type) {
  return [=](OnnxCall& call) -> OnnxNames {
    const at::ScalarType type = call.type_of("self");
    return {call.add(op_type, {call.operand("self", type), call.operand("other", type)})};
  };
}

inline OnnxNames onnx_cast(OnnxCall& call) {
  const at::ScalarType type = call.result_type();
  if (call.type_of("self") == type) return {call.tensor("self")};
  return {call.add("Cast", {call.tensor("self")}, {{"to", static_cast<int>(onnx_type(type))}})};
}

inline OnnxNames onnx_prelu(OnnxCall& call) {
  std::vector<TracedSize> sizes(1, {call.sizes_of("weight").at(0).size, 0});
  sizes.resize(static_cast<std::size_t>(std::max<std::int64_t>(call.rank_of("self") - 1, 1)),
               {1, 0});
  const std::string slope =
      call.add("Reshape", {call.tensor("weight"), call.shape(sizes, /*may_infer=*/false)});
  return {call.add("PRelu", {call.tensor("self"), slope})};
}

inline void add_elementwise(OnnxOperators& table) {
  const auto unary = [&](const char* name, const char* op_type) {
    table[std::string("aten::") + name] = [op_type](OnnxCall& call) -> OnnxNames {
      return {call.add(op_type, {call.operand("self")})};
    };
  };
  unary("relu", "Relu");
  unary("sigmoid", "Sigmoid");
  unary("tanh", "Tanh");
  unary("exp", "Exp");
  unary("log", "Log");
  unary("sqrt", "Sqrt");
  unary("erf", "Erf");
  unary("sin", "Sin");
  unary("cos", "Cos");
  unary("neg", "Neg");
  unary("abs", "Abs");
  unary("sign", "Sign");
  unary("floor", "Floor");
  unary("ceil", "Ceil");
  unary("round", "Round");
  unary("reciprocal", "Reciprocal");
  unary("hardswish", "HardSwish");
  unary("selu", "Selu");
  unary("logical_not", "Not");

  table["aten::gelu"] = onnx_gelu;
  table["aten::silu"] = [](OnnxCall& call) -> OnnxNames {
    const std::string x = call.tensor("self");
    return {call.add("Mul", {x, call.add("Sigmoid", {x})})};
  };
  table["aten::mish"] = [](OnnxCall& call) -> OnnxNames {
    const std::string x = call.tensor("self");
    return {call.add("Mul", {x, call.add("Tanh", {call.add("Softplus", {x})})})};
  };
  table["aten::rsqrt"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add("Reciprocal", {call.add("Sqrt", {call.operand("self")})})};
  };
  table["aten::square"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add("Mul", {call.tensor("self"), call.tensor("self")})};
  };
  table["aten::relu6"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add("Clip", {call.tensor("self"), call.constant(0.0), call.constant(6.0)})};
  };
  table["aten::hardtanh"] = onnx_clip("min_val", "max_val");
  table["aten::clamp"] = onnx_clip("min", "max");
  table["aten::clamp_min"] = onnx_clip("min", "");
  table["aten::clamp_max"] = onnx_clip("", "max");
  table["aten::hardsigmoid"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add("HardSigmoid", {call.tensor("self")}, {{"alpha", 1.0F / 6}, {"beta", 0.5F}})};
  };
  table["aten::leaky_relu"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add("LeakyRelu", {call.tensor("self")},
                     {{"alpha", static_cast<float>(call.number("negative_slope"))}})};
  };
  table["aten::elu"] = [](OnnxCall& call) -> OnnxNames {
    if (call.number("scale") != 1 || call.number("input_scale") != 1) call.refuse("is scaled");
    return {call.add("Elu", {call.tensor("self")},
                     {{"alpha", static_cast<float>(call.number("alpha"))}})};
  };
  table["aten::prelu"] = onnx_prelu;

  table["aten::add"] = onnx_sum("Add", false);
  table["aten::sub"] = onnx_sum("Sub", false);
  table["aten::rsub"] = onnx_sum("Sub", true);
  table["aten::mul"] = onnx_binary("Mul");
  table["aten::div"] = onnx_quotient;
  table["aten::pow"] = onnx_binary("Pow", "exponent");
  table["aten::maximum"] = onnx_binary("Max");
  table["aten::minimum"] = onnx_binary("Min");
  table["aten::logical_and"] = onnx_binary("And");
  table["aten::logical_or"] = onnx_binary("Or");
  table["aten::eq"] = onnx_comparison("Equal");
  table["aten::gt"] = onnx_comparison("Greater");
  table["aten::ge"] = onnx_comparison("GreaterOrEqual");
  table["aten::lt"] = onnx_comparison("Less");
  table["aten::le"] = onnx_comparison("LessOrEqual");
  table["aten::where"] = [](OnnxCall& call) -> OnnxNames {
    return {
        call.add("Where", {call.tensor("condition"), call.operand("self"), call.operand("other")})};
  };
  table["aten::masked_fill"] = [](OnnxCall& call) -> OnnxNames {
    return {call.add("Where", {call.tensor("mask"), call.operand("value"), call.operand("self")})};
  };

  for (const char* name : {"to", "_to_copy", "type_as"}) {
    table[std::string("aten::") + name] = onnx_cast;
  }
  for (const char* name : {"contiguous", "clone", "detach", "alias", "lift_fresh"}) {
    table[std::string("aten::") + name] = [](OnnxCall& call) -> OnnxNames {
      return {call.tensor("self")};
    };
  }
  for (const char* name : {"dropout", "feature_dropout", "alpha_dropout"}) {
    table[std::string("aten::") + name] = [](OnnxCall& call) -> OnnxNames {
      if (call.boolean("train")) call.refuse("drops values; call eval() on the network first");
      return {call.tensor("input")};
    };
  }
}

}  // namespace interchoice::detail
