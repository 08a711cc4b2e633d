#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <protozero/pbf_message.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "interchoice/core/shown.hpp"
#include "interchoice/export/detail/onnx_fields.hpp"
#include "interchoice/export/onnx_model.hpp"

namespace interchoice::detail {

/// Decodes a model. Each field is told by its number and wire type together, so that one of the
/// wrong type is an unknown one.
class OnnxDecoder {
 public:
  OnnxModel model(std::string_view bytes) {
    using Field = onnx_field::Model;
    OnnxModel model;
    model.opsets.clear();
    read<Field>({bytes.data(), bytes.size()}, "a model", [&](auto& message, Key key) {
      if (key == number(Field::kIrVersion)) return set(model.ir_version, message.get_int64());
      if (key == text(Field::kProducerName)) return set(model.producer_name, message.get_string());
      if (key == text(Field::kProducerVersion)) {
        return set(model.producer_version, message.get_string());
      }
      if (key == text(Field::kGraph)) return graph(message.get_view(), model);
      if (key == text(Field::kOpsetImport)) return opset(part(message), model);
      if (key == text(Field::kMetadata)) return entry(part(message), model);
      return key == text(Field::kDomain) || key == number(Field::kModelVersion) ||
                     key == text(Field::kDocString)
                 ? pass(message)
                 : false;
    });
    return model;
  }

 private:
  using View = protozero::data_view;
  using Wire = protozero::pbf_wire_type;
  using Key = std::uint32_t;

  // One message costs up to some hundred bytes of memory for two of the file.
  static constexpr std::size_t kMostParts = std::size_t{1} << 20;
  static constexpr std::size_t kMostSizes = 16;

  template <class Field>
  static constexpr Key number(Field field) {
    return protozero::tag_and_type(field, Wire::varint);
  }
  template <class Field>
  static constexpr Key real(Field field) {
    return protozero::tag_and_type(field, Wire::fixed32);
  }
  template <class Field>
  static constexpr Key text(Field field) {
    return protozero::tag_and_type(field, Wire::length_delimited);
  }

  /// Calls `take(message, key)` for every field, which says whether it knows the field.
  template <class Field, class Take>
  static void read(View view, const char* where, const Take& take) {
    protozero::pbf_message<Field> message(view);
    while (message.next()) {
      const Key key = message.tag_and_type();
      if (take(message, key)) continue;
      throw std::runtime_error(fmt::format("{} has a field {} of wire type {}, which is not read",
                                           where, static_cast<Key>(message.tag()), key & 7));
    }
  }

  template <class Target, class Value>
  static bool set(Target& target, Value&& value) {
    target = std::forward<Value>(value);
    return true;
  }
  template <class Target, class Value>
  static bool add(Target& target, Value&& value) {
    target.push_back(std::forward<Value>(value));
    return true;
  }
  template <class Target, class Values>
  static bool add_all(Target& target, const Values& values) {
    for (const auto value : values) target.push_back(value);
    return true;
  }
  static bool pass(protozero::pbf_reader& message) {
    message.skip();
    return true;
  }

  View part(protozero::pbf_reader& message) {
    count();
    return message.get_view();
  }
  std::string name(protozero::pbf_reader& message) {
    count();
    return message.get_string();
  }
  void count() {
    if (++parts_ > kMostParts) {
      throw std::runtime_error(
          fmt::format("has more than {} nodes, tensors, names and attributes", kMostParts));
    }
  }

  static OnnxType type(std::int32_t value) {
    const auto type = static_cast<OnnxType>(value);
    if (element_size(type) == 0) {
      throw std::runtime_error(
          fmt::format("a tensor has elements of type {}, which is not read", value));
    }
    return type;
  }

  static bool opset(View view, OnnxModel& model) {
    using Field = onnx_field::Opset;
    std::string domain;
    std::int64_t version = 0;
    read<Field>(view, "an operator set", [&](auto& message, Key key) {
      if (key == text(Field::kDomain)) return set(domain, message.get_string());
      if (key == number(Field::kVersion)) return set(version, message.get_int64());
      return false;
    });
    if (!model.opsets.emplace(std::move(domain), version).second) {
      throw std::runtime_error("an operator set is imported twice");
    }
    return true;
  }

  static bool entry(View view, OnnxModel& model) {
    using Field = onnx_field::Entry;
    std::string key;
    std::string value;
    read<Field>(view, "an entry of the metadata", [&](auto& message, Key field) {
      if (field == text(Field::kKey)) return set(key, message.get_string());
      if (field == text(Field::kValue)) return set(value, message.get_string());
      return false;
    });
    if (!model.metadata.emplace(std::move(key), std::move(value)).second) {
      throw std::runtime_error("an entry of the metadata is there twice");
    }
    return true;
  }

  bool graph(View view, OnnxModel& model) {
    using Field = onnx_field::Graph;
    read<Field>(view, "the graph", [&](auto& message, Key key) {
      if (key == text(Field::kNode)) return add(model.nodes, node(part(message)));
      if (key == text(Field::kName)) return set(model.name, message.get_string());
      if (key == text(Field::kInitializer)) return add(model.initializers, tensor(part(message)));
      if (key == text(Field::kInput)) return add(model.inputs, value(part(message)));
      if (key == text(Field::kOutput)) return add(model.outputs, value(part(message)));
      // The types of inner values follow from the rest.
      return key == text(Field::kDocString) || key == text(Field::kValueInfo) ? pass(message)
                                                                              : false;
    });
    return true;
  }

  OnnxNode node(View view) {
    using Field = onnx_field::Node;
    OnnxNode node;
    read<Field>(view, "a node", [&](auto& message, Key key) {
      if (key == text(Field::kInput)) return add(node.inputs, name(message));
      if (key == text(Field::kOutput)) return add(node.outputs, name(message));
      if (key == text(Field::kName)) return set(node.name, message.get_string());
      if (key == text(Field::kOpType)) return set(node.op_type, message.get_string());
      if (key == text(Field::kAttribute)) return attribute(part(message), node);
      if (key == text(Field::kDomain)) return set(node.domain, message.get_string());
      return key == text(Field::kDocString) ? pass(message) : false;
    });
    return node;
  }

  bool attribute(View view, OnnxNode& node) {
    using Field = onnx_field::Attribute;
    std::string key;
    std::int32_t kind = 0;
    bool has_tensor = false;
    // One of each type; `kind` says which it is.
    std::tuple<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>,
               OnnxTensor>
        values{};
    read<Field>(view, "an attribute", [&](auto& message, Key field) {
      if (field == text(Field::kName)) return set(key, message.get_string());
      if (field == number(Field::kType)) return set(kind, message.get_enum());
      if (field == number(Field::kInt)) return set(std::get<0>(values), message.get_int64());
      if (field == real(Field::kFloat)) return set(std::get<1>(values), message.get_float());
      if (field == text(Field::kString)) return set(std::get<2>(values), message.get_string());
      if (field == number(Field::kInts)) return add(std::get<3>(values), message.get_int64());
      if (field == text(Field::kInts)) {
        return add_all(std::get<3>(values), message.get_packed_int64());
      }
      if (field == real(Field::kFloats)) return add(std::get<4>(values), message.get_float());
      if (field == text(Field::kFloats)) {
        return add_all(std::get<4>(values), message.get_packed_float());
      }
      if (field == text(Field::kTensor)) {
        has_tensor = true;
        return set(std::get<5>(values), tensor(part(message)));
      }
      return field == text(Field::kDocString) ? pass(message) : false;
    });
    const auto* const found = std::find(std::begin(onnx_field::kAttributeTypes),
                                        std::end(onnx_field::kAttributeTypes), kind);
    const auto value = [&]() -> OnnxAttribute {
      switch (found - std::begin(onnx_field::kAttributeTypes)) {
        case 0:
          return std::get<0>(values);
        case 1:
          return std::get<1>(values);
        case 2:
          return std::move(std::get<2>(values));
        case 3:
          return std::move(std::get<3>(values));
        case 4:
          return std::move(std::get<4>(values));
        case 5:
          if (!has_tensor) {
            throw std::runtime_error(fmt::format("the attribute {} has no tensor", shown(key)));
          }
          return std::move(std::get<5>(values));
        default:
          throw std::runtime_error(
              fmt::format("the attribute {} has the type {}, which is not read", shown(key), kind));
      }
    };
    if (!node.attributes.emplace(key, value()).second) {
      throw std::runtime_error(fmt::format("a node has the attribute {} twice", shown(key)));
    }
    return true;
  }

  static OnnxTensor tensor(View view) {
    using Field = onnx_field::Tensor;
    OnnxTensor tensor;
    std::int32_t kind = 0;
    read<Field>(view, "a tensor", [&](auto& message, Key key) {
      if (key == number(Field::kSizes)) return add(tensor.sizes, message.get_int64());
      if (key == text(Field::kSizes)) return add_all(tensor.sizes, message.get_packed_int64());
      if (key == number(Field::kType)) return set(kind, message.get_int32());
      if (key == text(Field::kName)) return set(tensor.name, message.get_string());
      if (key == text(Field::kRawData)) return set(tensor.data, message.get_string());
      return key == text(Field::kDocString) ? pass(message) : false;
    });
    tensor.type = type(kind);
    check_sizes(tensor);
    return tensor;
  }

  static void check_sizes(const OnnxTensor& tensor) {
    const auto fail = [&](std::string_view what) {
      throw std::runtime_error(fmt::format("the tensor {} has {}", shown(tensor.name), what));
    };
    if (tensor.sizes.size() > kMostSizes) fail(fmt::format("more than {} sizes", kMostSizes));
    std::int64_t needed = element_size(tensor.type);
    bool is_empty = false;
    for (const std::int64_t size : tensor.sizes) {
      if (size < 0) fail(fmt::format("a size of {}", size));
      is_empty = is_empty || size == 0;
    }
    if (is_empty) needed = 0;
    for (const std::int64_t size : tensor.sizes) {
      if (needed > 0 && needed > std::numeric_limits<std::int64_t>::max() / size) {
        fail("sizes whose product is too large");
      }
      needed *= size;
    }
    if (static_cast<std::uint64_t>(needed) != tensor.data.size()) {
      fail(fmt::format("{} bytes of raw data, and needs {}", tensor.data.size(), needed));
    }
  }

  OnnxValue value(View view) {
    using Field = onnx_field::Value;
    OnnxValue value;
    std::int32_t element = 0;
    read<Field>(view, "an input or output", [&](auto& message, Key key) {
      if (key == text(Field::kName)) return set(value.name, message.get_string());
      if (key == text(Field::kType)) {
        read<onnx_field::Type>(message.get_view(), "a type", [&](auto& kind, Key tensor) {
          return tensor == text(onnx_field::Type::kTensor) &&
                 tensor_type(kind.get_view(), element, value.sizes);
        });
        return true;
      }
      return key == text(Field::kDocString) ? pass(message) : false;
    });
    value.type = type(element);
    return value;
  }

  bool tensor_type(View view, std::int32_t& element, std::vector<OnnxSize>& sizes) {
    using Field = onnx_field::TensorType;
    read<Field>(view, "a tensor's type", [&](auto& message, Key key) {
      if (key == number(Field::kElement)) return set(element, message.get_int32());
      if (key != text(Field::kShape)) return false;
      read<onnx_field::Shape>(message.get_view(), "a shape", [&](auto& shape, Key one) {
        return one == text(onnx_field::Shape::kSize) && add(sizes, size(part(shape)));
      });
      return true;
    });
    return true;
  }

  static OnnxSize size(View view) {
    using Field = onnx_field::Size;
    OnnxSize size = std::string();
    read<Field>(view, "a size", [&](auto& message, Key key) {
      if (key == number(Field::kValue)) return set(size, message.get_int64());
      if (key == text(Field::kName)) return set(size, message.get_string());
      return false;
    });
    return size;
  }

  std::size_t parts_ = 0;
};

}  // namespace interchoice::detail
