#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/io/detail/safetensors_layout.hpp"

namespace interchoice::detail {

/// Takes the JSON of a header piece by piece, and refuses all that is no part of a header.
///
/// nlohmann's parser calls it. That one does not recurse, and checks UTF-8; the first value that
/// does not belong here ends it, so nothing deeper than an array in an object in an object is ever
/// open.
class SafetensorsHeaderReader {
 public:
  explicit SafetensorsHeaderReader(std::string source) : source_(std::move(source)) {}

  SafetensorsHeader finish() && { return std::move(header_); }

  bool null() { refuse("null"); }
  bool boolean(bool) { refuse("a truth value"); }
  bool number_integer(std::int64_t value) { refuse(std::to_string(value)); }
  bool number_float(double, const std::string& text) { refuse(shown(text)); }
  bool binary(std::vector<std::uint8_t>&) { refuse("bytes"); }

  bool number_unsigned(std::uint64_t value) {
    if (place_ == Place::kShape) {
      if (value > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
        refuse(std::to_string(value));
      }
      if (tensor_->shape.size() == kMaxDimensions) {
        fail(fmt::format("shape has more than {} sizes, the limit", kMaxDimensions));
      }
      tensor_->shape.push_back(static_cast<std::int64_t>(value));
    } else if (place_ == Place::kOffsets) {
      if (offsets_ == 2) fail("data_offsets has more than two numbers");
      (offsets_++ == 0 ? tensor_->begin : tensor_->end) = value;
    } else {
      refuse(std::to_string(value));
    }
    return true;
  }

  bool string(std::string& value) {
    if (place_ == Place::kMetadata) {
      check_text("value", value);
      header_.metadata.at(name_) = value;
    } else if (place_ == Place::kTensor && field_ == kType) {
      const auto known = std::find_if(kSafetensorsTypes.begin(), kSafetensorsTypes.end(),
                                      [&](const auto& type) { return type.name == value; });
      if (known == kSafetensorsTypes.end()) {
        fail(fmt::format("dtype {} is none of {}", shown(value), safetensors_type_names()));
      }
      tensor_->type = known->type;
    } else {
      refuse("a string");
    }
    return true;
  }

  bool start_object(std::size_t) {
    if (place_ == Place::kOutside) {
      place_ = Place::kNames;
    } else if (place_ == Place::kNames) {
      place_ = name_ == kMetadataName ? Place::kMetadata : Place::kTensor;
    } else {
      refuse("an object");
    }
    return true;
  }

  bool key(std::string& name) {
    if (place_ == Place::kTensor) {
      const auto known = std::find(kFields.begin(), kFields.end(), name);
      if (known == kFields.end()) fail(fmt::format("has an unknown field {}", shown(name)));
      field_ = static_cast<std::size_t>(known - kFields.begin());
      if (std::exchange(has_[field_], true)) fail(fmt::format("{} comes twice", name));
      return true;
    }
    name_ = name;
    check_text("name", name);
    if (name.size() > kMaxNameBytes) {
      fail(fmt::format("name has {} bytes; the limit is {}", name.size(), kMaxNameBytes));
    }
    if (place_ == Place::kMetadata) {
      add_entry(header_.metadata);
    } else if (name == kMetadataName) {
      if (std::exchange(has_metadata_, true)) fail("comes twice");
    } else {
      tensor_ = add_entry(header_.tensors);
      has_ = {};
    }
    return true;
  }

  bool end_object() {
    if (place_ == Place::kTensor) {
      for (std::size_t field = 0; field < kFields.size(); ++field) {
        if (!has_[field]) fail(fmt::format("has no {}", kFields[field]));
      }
    }
    place_ = place_ == Place::kNames ? Place::kOutside : Place::kNames;
    return true;
  }

  bool start_array(std::size_t) {
    if (place_ != Place::kTensor || field_ == kType) refuse("an array");
    place_ = field_ == kShape ? Place::kShape : Place::kOffsets;
    offsets_ = 0;
    return true;
  }

  bool end_array() {
    if (place_ == Place::kOffsets && offsets_ != 2) {
      fail(fmt::format("data_offsets has {} numbers instead of two", offsets_));
    }
    place_ = Place::kTensor;
    return true;
  }

  template <class Exception>
  bool parse_error(std::size_t position, const std::string&, const Exception&) {
    fail_safetensors(
        source_, fmt::format("header byte {}: not valid JSON in UTF-8, or more than one JSON value",
                             position));
  }

 private:
  // Where the parser is: in which object or array.
  enum class Place { kOutside, kNames, kMetadata, kTensor, kShape, kOffsets };

  static constexpr std::array<std::string_view, 3> kFields{"dtype", "shape", "data_offsets"};
  static constexpr std::size_t kType = 0, kShape = 1;

  template <class Map>
  typename Map::mapped_type* add_entry(Map& map) {
    if (map.size() == kMaxEntries) {
      fail(fmt::format("is one more than {} entries, the limit", kMaxEntries));
    }
    const auto [entry, is_new] = map.try_emplace(name_);
    if (!is_new) fail("comes twice");
    return &entry->second;
  }

  void check_text(const char* part, const std::string& text) const {
    if (text.find('\0') != std::string::npos) {
      fail(fmt::format("{} has a NUL character, where a C string would end", part));
    }
  }

  [[noreturn]] void refuse(const std::string& found) const {
    switch (place_) {
      case Place::kMetadata:
        fail(fmt::format("must be a string; it is {}", found));
      case Place::kTensor:
        fail(fmt::format("{} must be {}; it is {}", kFields[field_],
                         field_ == kType ? "a string" : "an array", found));
      case Place::kShape:
        fail(fmt::format("shape has {}; a size is an integer from 0 to 2^63 - 1", found));
      case Place::kOffsets:
        fail(fmt::format("data_offsets has {}; an offset is an integer from 0 to 2^64 - 1", found));
      default:
        fail(fmt::format("must be an object; it is {}", found));
    }
  }

  [[noreturn]] void fail(const std::string& reason) const {
    std::string where = "header";
    if (place_ == Place::kMetadata) {
      where = fmt::format("metadata {}", shown(name_));
    } else if (place_ != Place::kOutside) {
      where = name_ == kMetadataName ? "metadata" : fmt::format("tensor {}", shown(name_));
    }
    fail_safetensors(source_, fmt::format("{}: {}", where, reason));
  }

  std::string source_;
  SafetensorsHeader header_;
  Place place_ = Place::kOutside;
  std::string name_;                     // of the tensor, or of the metadata entry
  TensorDescription* tensor_ = nullptr;  // being read, in header_
  std::size_t field_ = 0;                // of the tensor, being read
  std::array<bool, 3> has_{};            // which fields the tensor has had
  std::size_t offsets_ = 0;              // numbers in data_offsets so far
  bool has_metadata_ = false;
};

/// Reads and checks a header. `data_bytes` are behind it in the file.
///
/// *Throws*: `std::runtime_error` with the source, the tensor, its mistake and the limit.
inline SafetensorsHeader parse_safetensors_header(const std::string& source, std::string_view text,
                                                  std::uint64_t data_bytes) {
  if (!text.starts_with('{')) {
    fail_safetensors(source, "header byte 0: must be the opening brace of an object");
  }
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    // To nlohmann's parser it is the end of the text.
    fail_safetensors(source, fmt::format("header byte {}: a NUL byte is not JSON", nul));
  }
  SafetensorsHeaderReader reader(source);
  nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
  SafetensorsHeader header = std::move(reader).finish();
  check_layout(source, header, data_bytes);
  return header;
}

}  // namespace interchoice::detail
