#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace interchoice {

/// Types of elements, by their numbers in the ONNX standard.
enum class OnnxType : std::int32_t {
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kBfloat16 = 16,
};

/// The bytes of an element; 0 for a number that is no `OnnxType`.
constexpr std::int64_t element_size(OnnxType type) {
  switch (type) {
    case OnnxType::kUint8:
    case OnnxType::kInt8:
    case OnnxType::kBool:
      return 1;
    case OnnxType::kInt16:
    case OnnxType::kFloat16:
    case OnnxType::kBfloat16:
      return 2;
    case OnnxType::kFloat:
    case OnnxType::kInt32:
      return 4;
    case OnnxType::kInt64:
    case OnnxType::kDouble:
      return 8;
  }
  return 0;
}

/// A constant tensor; its elements in row-major order, little-endian.
struct OnnxTensor {
  std::string name;
  OnnxType type = OnnxType::kFloat;
  std::vector<std::int64_t> sizes;
  std::string data;

  friend bool operator==(const OnnxTensor&, const OnnxTensor&) = default;
};

/// A constant argument of an operator.
using OnnxAttribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>,
                                   std::vector<float>, OnnxTensor>;

/// One operator of the standard: names of the values that it reads (empty for an optional one that
/// is left out) and makes.
struct OnnxNode {
  std::string op_type;
  std::string name;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::map<std::string, OnnxAttribute> attributes;
  std::string domain;  ///< of an operator that is not the standard's

  friend bool operator==(const OnnxNode&, const OnnxNode&) = default;
};

/// A size, or a name for one that is known when the model runs.
using OnnxSize = std::variant<std::int64_t, std::string>;

/// An input or output of a model.
struct OnnxValue {
  std::string name;
  OnnxType type = OnnxType::kFloat;
  std::vector<OnnxSize> sizes;

  friend bool operator==(const OnnxValue&, const OnnxValue&) = default;
};

/// An ONNX model as plain data: a list of operators in an order in which they can run, and their
/// constants. No subgraphs, sequences or external data.
struct OnnxModel {
  std::int64_t ir_version = 8;
  std::map<std::string, std::int64_t> opsets = {{"", 17}};  ///< version of each domain
  std::string producer_name;
  std::string producer_version;
  std::string name;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxTensor> initializers;
  std::vector<OnnxValue> inputs;
  std::vector<OnnxValue> outputs;
  std::map<std::string, std::string> metadata;

  friend bool operator==(const OnnxModel&, const OnnxModel&) = default;
};

}  // namespace interchoice
