#pragma once

#include <c10/core/ScalarType.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/shown.hpp"

namespace interchoice::detail {

// The limits of a tensor file: far more than any super-network needs, and little enough
// that no file keeps a reader busy.
inline constexpr std::uint64_t kMaxHeaderBytes = std::uint64_t{16} << 20;
inline constexpr std::size_t kMaxEntries = 65536;  // tensors; metadata entries
inline constexpr std::size_t kMaxNameBytes = 1024;
inline constexpr std::size_t kMaxDimensions = 16;
inline constexpr std::uint64_t kMaxTensorBytes = std::numeric_limits<std::int64_t>::max();

inline constexpr std::string_view kMetadataName = "__metadata__";

/// An element type by the name that safetensors gives it.
struct SafetensorsType {
  std::string_view name;
  c10::ScalarType type;
};

inline constexpr std::array<SafetensorsType, 10> kSafetensorsTypes{{
    {"F64", c10::ScalarType::Double},
    {"F32", c10::ScalarType::Float},
    {"F16", c10::ScalarType::Half},
    {"BF16", c10::ScalarType::BFloat16},
    {"I64", c10::ScalarType::Long},
    {"I32", c10::ScalarType::Int},
    {"I16", c10::ScalarType::Short},
    {"I8", c10::ScalarType::Char},
    {"U8", c10::ScalarType::Byte},
    {"BOOL", c10::ScalarType::Bool},
}};

inline std::string safetensors_type_names() {
  std::vector<std::string_view> names;
  for (const auto& known : kSafetensorsTypes) names.push_back(known.name);
  return joined(names, ", ");
}

/// One tensor's description: it has bytes [begin, end) of the data behind the header.
struct TensorDescription {
  c10::ScalarType type = c10::ScalarType::Undefined;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;
  std::map<std::string, TensorDescription> tensors;
};

[[noreturn]] inline void fail_safetensors(const std::string& source, const std::string& reason) {
  throw std::runtime_error(fmt::format("interchoice: {}: {}", source, reason));
}

// Bytes of a tensor of that shape. Where a size is 0 the others still count against the limit:
// libtorch multiplies them to strides.
inline std::uint64_t tensor_bytes(const std::string& where, const TensorDescription& tensor) {
  std::uint64_t bytes = c10::elementSize(tensor.type);
  bool empty = false;
  for (const std::int64_t size : tensor.shape) {
    empty = empty || size == 0;
    const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1));
    if (factor > kMaxTensorBytes / bytes) {
      fail_safetensors(
          where, fmt::format("its shape means more than {} bytes, the limit", kMaxTensorBytes));
    }
    bytes *= factor;
  }
  return empty ? 0 : bytes;
}

/// Checks that each tensor has the bytes its shape needs, and that the tensors cover the data
/// without a gap and without sharing a byte.
inline void check_layout(const std::string& source, const SafetensorsHeader& header,
                         std::uint64_t data_bytes) {
  using Named = std::pair<const std::string, TensorDescription>;
  std::vector<const Named*> in_order;
  for (const Named& named : header.tensors) {
    const auto& [name, tensor] = named;
    const std::string where = source + ": tensor " + shown(name);
    const std::string range = fmt::format("[{}, {})", tensor.begin, tensor.end);
    if (tensor.end > data_bytes || tensor.begin > tensor.end) {
      fail_safetensors(where, fmt::format("data_offsets are {}; the file has data bytes [0, {})",
                                          range, data_bytes));
    }
    const std::uint64_t needed = tensor_bytes(where, tensor);
    if (tensor.end - tensor.begin != needed) {
      fail_safetensors(
          where, fmt::format("data_offsets {} hold {} bytes; its shape and dtype need {}", range,
                             tensor.end - tensor.begin, needed));
    }
    in_order.push_back(&named);
  }
  std::sort(in_order.begin(), in_order.end(), [](const Named* a, const Named* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  std::uint64_t covered = 0;
  for (const Named* named : in_order) {
    const auto& [name, tensor] = *named;
    if (tensor.begin != covered) {
      fail_safetensors(
          source, fmt::format("tensor {}: begins at data byte {}; the tensors before it end at {}, "
                              "and there may be no gap and no overlap",
                              shown(name), tensor.begin, covered));
    }
    covered = tensor.end;
  }
  if (covered != data_bytes) {
    fail_safetensors(
        source, fmt::format("the tensors end at data byte {}; the file has {} data bytes", covered,
                            data_bytes));
  }
}

}  // namespace interchoice::detail
