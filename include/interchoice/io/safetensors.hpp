#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/detail/safetensors_header.hpp"
#include "interchoice/io/detail/safetensors_layout.hpp"
#include "interchoice/io/detail/tensor_digest.hpp"
#include "interchoice/io/digest.hpp"
#include "interchoice/io/input_file.hpp"

namespace interchoice {

/// Named tensors and named texts: the content of a safetensors file.
///
/// Both are in the order of their names.
struct TensorFile {
  std::map<std::string, std::string> metadata;
  std::map<std::string, at::Tensor> tensors;
  /// Whether it was read from a file that has a digest, which then agreed. Other programs' files,
  /// and those of version 0.1, have none: damage to their data cannot be noticed.
  bool has_digest = false;
};

namespace detail {

static_assert(std::endian::native == std::endian::little,
              "interchoice: tensor files are read and written as they lie in memory, which needs a "
              "little-endian processor");

/// Bytes in memory, read as an `InputFile` is.
class InputBytes {
 public:
  InputBytes(std::string_view bytes, std::filesystem::path path)
      : bytes_(bytes), path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return bytes_.size(); }
  void read(std::uint64_t offset, void* into, std::size_t count) const {
    if (offset > bytes_.size() || count > bytes_.size() - offset) {
      fail_safetensors(path_.string(), fmt::format("has {} bytes; {} are needed from byte {} on",
                                                   bytes_.size(), count, offset));
    }
    std::copy_n(bytes_.data() + offset, count, static_cast<char*>(into));
  }

 private:
  std::string_view bytes_;
  std::filesystem::path path_;
};

template <class Input>
at::Tensor read_tensor(const Input& file, std::uint64_t data_begin, const std::string& name,
                       const TensorDescription& description) {
  at::Tensor tensor = at::empty(description.shape, at::TensorOptions(description.type));
  if (tensor.numel() == 0) return tensor;
  auto* const bytes = static_cast<std::uint8_t*>(tensor.mutable_data_ptr());
  const std::size_t count = tensor.nbytes();
  file.read(data_begin + description.begin, bytes, count);
  if (description.type == at::kBool) {
    const auto* const bad = std::find_if(bytes, bytes + count, [](auto byte) { return byte > 1; });
    if (bad != bytes + count) {
      fail_safetensors(file.path().string(),
                       fmt::format("tensor {}: element {} is {}; a BOOL is 0 or 1", shown(name),
                                   bad - bytes, *bad));
    }
  }
  return tensor;
}

// Names and texts go into the header with JSON's escapes.
inline std::string json_string(const std::string& where, const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::type_error&) {
    fail_safetensors(where, fmt::format("{} is not UTF-8", shown(text)));
  }
}

inline std::string safetensors_type_name(const std::string& where, const at::Tensor& tensor) {
  for (const SafetensorsType& known : kSafetensorsTypes) {
    if (known.type == tensor.scalar_type() && tensor.layout() == at::kStrided) {
      return std::string(known.name);
    }
  }
  fail_safetensors(where, fmt::format("is {}{}; a tensor file has dense tensors of {}",
                                      c10::toString(tensor.scalar_type()),
                                      tensor.layout() == at::kStrided ? "" : ", not dense",
                                      safetensors_type_names()));
}

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// The tensors as their elements go into the file, in the order of their data: large elements first,
// so that all lie aligned.
inline NamedTensors in_data_order(const std::string& source, const TensorFile& file) {
  NamedTensors tensors;
  for (const auto& [name, tensor] : file.tensors) {
    const std::string where = fmt::format("{}: tensor {}", source, shown(name));
    if (!tensor.defined()) fail_safetensors(where, "is undefined");
    safetensors_type_name(where, tensor);  // refuses what has no bytes
    tensors.emplace_back(name, tensor.detach().cpu().resolve_neg().contiguous());
  }
  std::stable_sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    return a.second.element_size() > b.second.element_size();
  });
  return tensors;
}

inline constexpr const char* kDigestKey = "interchoice.digest";

// Of every text and tensor, whatever their order in the file.
inline std::string content_digest(const std::map<std::string, std::string>& metadata,
                                  const std::map<std::string, at::Tensor>& tensors) {
  Digest digest;
  for (const auto& [name, text] : metadata) {
    if (name == kDigestKey) continue;
    digest.add(name);
    digest.add(text);
  }
  for (const auto& [name, tensor] : tensors) {
    digest.add(name);
    digest.add(safetensors_type_name(name, tensor));
    add_tensor(digest, tensor);
  }
  return digest.text();
}

// The header of a file, padded with spaces so that the data begins at a multiple of 8.
inline std::string safetensors_header(const std::string& source,
                                      const std::map<std::string, std::string>& metadata,
                                      const NamedTensors& tensors) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : metadata) {
    const std::string where = fmt::format("{}: metadata {}", source, shown(name));
    texts.push_back(fmt::format("{}:{}", json_string(where, name), json_string(where, value)));
  }
  std::vector<std::string> entries;
  if (!texts.empty()) {
    entries.push_back(fmt::format(R"("{}":{{{}}})", kMetadataName, joined(texts, ",")));
  }
  std::uint64_t begin = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::string where = fmt::format("{}: tensor {}", source, shown(name));
    if (name == kMetadataName) fail_safetensors(where, "the name is the format's own");
    const std::string type = safetensors_type_name(where, tensor);
    const std::uint64_t end = begin + tensor.nbytes();
    entries.push_back(fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                                  json_string(where, name), type, joined(tensor.sizes(), ","),
                                  begin, end));
    begin = end;
  }
  std::string text = fmt::format("{{{}}}", joined(entries, ","));
  text.append((8 - text.size() % 8) % 8, ' ');
  // All that the reader would refuse is refused here, in the same words.
  if (text.size() > kMaxHeaderBytes) {
    fail_safetensors(source, fmt::format("the header takes {} bytes; the limit is {}", text.size(),
                                         kMaxHeaderBytes));
  }
  parse_safetensors_header(source, text, begin);
  return text;
}

template <class Input>
TensorFile read_tensors(const Input& file) {
  const std::string source = file.path().string();
  std::uint64_t length = 0;
  if (file.size() < sizeof length) {
    fail_safetensors(
        source, fmt::format("has {} bytes; the length of the header alone takes 8", file.size()));
  }
  file.read(0, &length, sizeof length);
  if (length > kMaxHeaderBytes || length > file.size() - sizeof length) {
    fail_safetensors(
        source, fmt::format("byte 0: header of {} bytes; the file has {} bytes for it, the limit "
                            "is {}",
                            length, file.size() - sizeof length, kMaxHeaderBytes));
  }
  std::string text(length, '\0');
  file.read(sizeof length, text.data(), text.size());
  const std::uint64_t data_begin = sizeof length + length;

  SafetensorsHeader header = parse_safetensors_header(source, text, file.size() - data_begin);
  TensorFile result{.metadata = std::move(header.metadata), .tensors = {}};
  for (const auto& [name, description] : header.tensors) {
    result.tensors.emplace_hint(result.tensors.end(), name,
                                read_tensor(file, data_begin, name, description));
  }
  if (const auto digest = result.metadata.extract(kDigestKey)) {
    const std::string found = content_digest(result.metadata, result.tensors);
    if (digest.mapped() != found) {
      fail_safetensors(
          source, fmt::format("is damaged: its content has the digest {}, and had {} when it was "
                              "written; use another copy",
                              found, shown(digest.mapped())));
    }
    result.has_digest = true;
  }
  return result;
}

}  // namespace detail

/// Reads a safetensors file that need not be trusted.
///
///     length of the header, uint64 | header, JSON | data            (little-endian)
///     header: {"__metadata__": {text: text, ...},
///              name: {"dtype": ..., "shape": [...], "data_offsets": [begin, end]}, ...}
///
/// A file is read completely and exactly or refused. Nothing is allocated before the file has been
/// found long enough for it, and nothing in a file can make this function recurse, or take more
/// than O(n log n) time. It reads all that the format's description allows, except
///
/// * headers of more than 16 MiB, more than 65,536 tensors or metadata entries, names of more than
///   1,024 bytes, more than 16 dimensions;
/// * dtypes other than F64, F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL;
/// * unknown fields, repeated names, NUL characters, truth values other than 0 and 1, and shapes
///   whose sizes multiply, without the zeros, to 2^63 bytes or more.
///
/// The tensors are contiguous, on the CPU, without gradient, and share memory with nothing. A
/// digest that the file has (see `write_tensor_file`) is compared, and not part of the result.
///
/// *Throws*: `std::runtime_error` with the path, the tensor or byte, its mistake, and the limit; or
/// that the content has changed since it was written.
///
/// *Source*: https://github.com/huggingface/safetensors, "Format".
inline TensorFile read_tensor_file(const std::filesystem::path& path) {
  return detail::read_tensors(InputFile(path));
}

/// The same of a file's bytes, such as those that another process has read; `path` is for messages.
inline TensorFile tensor_file_of(std::string_view bytes, const std::filesystem::path& path) {
  return detail::read_tensors(detail::InputBytes(bytes, path));
}

/// Writes a safetensors file, completely or not at all (see `AtomicFile`), that any reader of the
/// format takes.
///
/// Equal contents give equal bytes: names are sorted, data is laid out by falling element size and
/// then by name, so that every tensor is aligned. Strides are not kept: elements are written in
/// row-major order, from any device. The metadata `interchoice.digest` is XXH3-128 of all texts and
/// tensors.
///
/// *Throws*: `std::runtime_error` with the path and the reason if the file cannot be written, or
/// with the tensor and the limit if `read_tensor_file` would refuse it; nothing is written then.
inline void write_tensor_file(const std::filesystem::path& path, const TensorFile& file) {
  const auto tensors = detail::in_data_order(path.string(), file);
  auto metadata = file.metadata;
  metadata[detail::kDigestKey] = detail::content_digest(metadata, {tensors.begin(), tensors.end()});
  const std::string header = detail::safetensors_header(path.string(), metadata, tensors);
  const std::array<std::uint64_t, 1> length{header.size()};
  AtomicFile out(path);
  out.write(std::as_bytes(std::span(length)));
  out.write(header);
  for (const auto& [name, tensor] : tensors) {
    out.write(std::span(static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()));
  }
  out.commit();
}

}  // namespace interchoice
