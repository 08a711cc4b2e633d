#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <protozero/exception.hpp>
#include <stdexcept>
#include <string_view>

#include "interchoice/export/detail/onnx_decoder.hpp"
#include "interchoice/export/onnx_model.hpp"
#include "interchoice/io/input_file.hpp"

namespace interchoice {

/// The model of a file's bytes; `path` is for messages.
///
/// Reads all that `onnx_bytes` writes, and other programs' models of the same parts: tensors with
/// raw data, attributes of the types in `OnnxAttribute`. Texts of documentation and the types of
/// inner values are passed over; anything else is refused, such as subgraphs and external data.
/// Nothing is checked against the standard's operators: onnx.checker does that.
///
/// *Throws* std::runtime_error with the path and the mistake; never reads outside of the bytes.
/// *Cost*: one copy of the constants.
inline OnnxModel onnx_model_of(std::string_view bytes, const std::filesystem::path& path) {
  const auto fail = [&](const char* what) -> OnnxModel {
    throw std::runtime_error(
        fmt::format("interchoice: {}: is no ONNX model that can be read: {}", path.string(), what));
  };
  try {
    return detail::OnnxDecoder().model(bytes);
  } catch (const protozero::exception& error) {
    return fail(error.what());
  } catch (const std::runtime_error& error) {
    return fail(error.what());
  }
}

/// Reads a model from a file that need not be trusted; see `onnx_model_of`.
inline OnnxModel read_onnx_model(const std::filesystem::path& path) {
  constexpr std::uint64_t kMostBytes = std::numeric_limits<std::int32_t>::max();
  return onnx_model_of(InputFile(path).text(kMostBytes), path);
}

}  // namespace interchoice
