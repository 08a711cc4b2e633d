#pragma once

#include <fmt/core.h>

#include <bit>
#include <cstdint>
#include <filesystem>
#include <protozero/pbf_builder.hpp>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <variant>

#include "interchoice/export/detail/onnx_fields.hpp"
#include "interchoice/export/onnx_model.hpp"
#include "interchoice/io/atomic_file.hpp"

namespace interchoice {

namespace detail {

static_assert(std::endian::native == std::endian::little,
              "interchoice: ONNX files hold tensors as they lie in memory, which needs a "
              "little-endian processor");

/// What a protobuf message may have, with room for what is not weights.
inline constexpr std::uint64_t kMostOnnxBytes = (std::uint64_t{1} << 31) - (std::uint64_t{1} << 24);

template <class Field>
using OnnxBuilder = protozero::pbf_builder<Field>;

inline void encode(OnnxBuilder<onnx_field::Tensor> out, const OnnxTensor& tensor) {
  using Field = onnx_field::Tensor;
  out.add_packed_int64(Field::kSizes, tensor.sizes.begin(), tensor.sizes.end());
  out.add_int32(Field::kType, static_cast<std::int32_t>(tensor.type));
  if (!tensor.name.empty()) out.add_string(Field::kName, tensor.name);
  out.add_bytes(Field::kRawData, tensor.data);
}

inline void encode(OnnxBuilder<onnx_field::Attribute> out, const std::string& name,
                   const OnnxAttribute& attribute) {
  using Field = onnx_field::Attribute;
  out.add_string(Field::kName, name);
  out.add_enum(Field::kType, onnx_field::kAttributeTypes[attribute.index()]);
  std::visit(
      [&](const auto& value) {
        using Type = std::remove_cvref_t<decltype(value)>;
        if constexpr (std::is_same_v<Type, std::int64_t>) {
          out.add_int64(Field::kInt, value);
        } else if constexpr (std::is_same_v<Type, float>) {
          out.add_float(Field::kFloat, value);
        } else if constexpr (std::is_same_v<Type, std::string>) {
          out.add_bytes(Field::kString, value);
        } else if constexpr (std::is_same_v<Type, std::vector<std::int64_t>>) {
          out.add_packed_int64(Field::kInts, value.begin(), value.end());
        } else if constexpr (std::is_same_v<Type, std::vector<float>>) {
          out.add_packed_float(Field::kFloats, value.begin(), value.end());
        } else {
          encode(OnnxBuilder<onnx_field::Tensor>(out, Field::kTensor), value);
        }
      },
      attribute);
}

inline void encode(OnnxBuilder<onnx_field::Node> out, const OnnxNode& node) {
  using Field = onnx_field::Node;
  for (const std::string& input : node.inputs) out.add_string(Field::kInput, input);
  for (const std::string& output : node.outputs) out.add_string(Field::kOutput, output);
  out.add_string(Field::kName, node.name);
  out.add_string(Field::kOpType, node.op_type);
  for (const auto& [name, value] : node.attributes) {
    encode(OnnxBuilder<onnx_field::Attribute>(out, Field::kAttribute), name, value);
  }
  if (!node.domain.empty()) out.add_string(Field::kDomain, node.domain);
}

inline void encode(OnnxBuilder<onnx_field::Value> out, const OnnxValue& value) {
  out.add_string(onnx_field::Value::kName, value.name);
  OnnxBuilder<onnx_field::Type> type(out, onnx_field::Value::kType);
  OnnxBuilder<onnx_field::TensorType> tensor(type, onnx_field::Type::kTensor);
  tensor.add_int32(onnx_field::TensorType::kElement, static_cast<std::int32_t>(value.type));
  OnnxBuilder<onnx_field::Shape> shape(tensor, onnx_field::TensorType::kShape);
  for (const OnnxSize& size : value.sizes) {
    OnnxBuilder<onnx_field::Size> one(shape, onnx_field::Shape::kSize);
    if (const auto* number = std::get_if<std::int64_t>(&size)) {
      one.add_int64(onnx_field::Size::kValue, *number);
    } else {
      one.add_string(onnx_field::Size::kName, std::get<std::string>(size));
    }
  }
}

inline void encode(OnnxBuilder<onnx_field::Graph> out, const OnnxModel& model) {
  using Field = onnx_field::Graph;
  for (const OnnxNode& node : model.nodes) {
    encode(OnnxBuilder<onnx_field::Node>(out, Field::kNode), node);
  }
  out.add_string(Field::kName, model.name);
  for (const OnnxTensor& tensor : model.initializers) {
    encode(OnnxBuilder<onnx_field::Tensor>(out, Field::kInitializer), tensor);
  }
  for (const OnnxValue& value : model.inputs) {
    encode(OnnxBuilder<onnx_field::Value>(out, Field::kInput), value);
  }
  for (const OnnxValue& value : model.outputs) {
    encode(OnnxBuilder<onnx_field::Value>(out, Field::kOutput), value);
  }
}

}  // namespace detail

/// An ONNX model as the bytes of a file.
///
/// *Throws* std::invalid_argument for more than 2 GB of constants, which the format cannot hold.
/// *Cost*: two copies of the constants.
inline std::string onnx_bytes(const OnnxModel& model) {
  std::uint64_t size = 0;
  for (const OnnxTensor& tensor : model.initializers) size += tensor.data.size();
  if (size > detail::kMostOnnxBytes) {
    throw std::invalid_argument(
        fmt::format("interchoice: an ONNX file holds up to {} bytes of constants, the model '{}' "
                    "has {}; export it in half precision",
                    detail::kMostOnnxBytes, model.name, size));
  }
  using Field = detail::onnx_field::Model;
  std::string bytes;
  detail::OnnxBuilder<Field> out(bytes);
  out.add_int64(Field::kIrVersion, model.ir_version);
  if (!model.producer_name.empty()) out.add_string(Field::kProducerName, model.producer_name);
  if (!model.producer_version.empty()) {
    out.add_string(Field::kProducerVersion, model.producer_version);
  }
  detail::encode(detail::OnnxBuilder<detail::onnx_field::Graph>(out, Field::kGraph), model);
  for (const auto& [domain, version] : model.opsets) {
    detail::OnnxBuilder<detail::onnx_field::Opset> opset(out, Field::kOpsetImport);
    opset.add_string(detail::onnx_field::Opset::kDomain, domain);
    opset.add_int64(detail::onnx_field::Opset::kVersion, version);
  }
  for (const auto& [key, value] : model.metadata) {
    detail::OnnxBuilder<detail::onnx_field::Entry> entry(out, Field::kMetadata);
    entry.add_string(detail::onnx_field::Entry::kKey, key);
    entry.add_string(detail::onnx_field::Entry::kValue, value);
  }
  return bytes;
}

/// Writes an ONNX model to a file, completely or not at all (see `AtomicFile`).
///
/// *Throws* std::invalid_argument as `onnx_bytes`, std::runtime_error with path and reason.
inline void write_onnx_model(const std::filesystem::path& path, const OnnxModel& model) {
  write_file_atomically(path, onnx_bytes(model));
}

}  // namespace interchoice
