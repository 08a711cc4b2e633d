#pragma once

#include <protozero/types.hpp>

#include <cstdint>

/// The field numbers of the ONNX standard's messages (onnx.proto), as far as a model here has them.
namespace interchoice::detail::onnx_field {

using Tag = protozero::pbf_tag_type;

enum class Model : Tag {
  kIrVersion = 1,
  kProducerName = 2,
  kProducerVersion = 3,
  kDomain = 4,
  kModelVersion = 5,
  kDocString = 6,
  kGraph = 7,
  kOpsetImport = 8,
  kMetadata = 14,
};
enum class Opset : Tag { kDomain = 1, kVersion = 2 };
enum class Entry : Tag { kKey = 1, kValue = 2 };
enum class Graph : Tag {
  kNode = 1,
  kName = 2,
  kInitializer = 5,
  kDocString = 10,
  kInput = 11,
  kOutput = 12,
  kValueInfo = 13,
};
enum class Node : Tag {
  kInput = 1,
  kOutput = 2,
  kName = 3,
  kOpType = 4,
  kAttribute = 5,
  kDocString = 6,
  kDomain = 7,
};
enum class Attribute : Tag {
  kName = 1,
  kFloat = 2,
  kInt = 3,
  kString = 4,
  kTensor = 5,
  kFloats = 7,
  kInts = 8,
  kDocString = 13,
  kType = 20,
};
enum class Tensor : Tag { kSizes = 1, kType = 2, kName = 8, kRawData = 9, kDocString = 12 };
enum class Value : Tag { kName = 1, kType = 2, kDocString = 3 };
enum class Type : Tag { kTensor = 1 };
enum class TensorType : Tag { kElement = 1, kShape = 2 };
enum class Shape : Tag { kSize = 1 };
enum class Size : Tag { kValue = 1, kName = 2 };

/// Attribute::kType by the place of the alternative in `OnnxAttribute`.
inline constexpr std::int32_t kAttributeTypes[] = {2, 1, 3, 7, 6, 4};

}  // namespace interchoice::detail::onnx_field
