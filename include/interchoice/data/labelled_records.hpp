#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/data/image_set.hpp"
#include "interchoice/io/input_file.hpp"

namespace interchoice {

/// The simplest format of labelled images: no header, records of equal size, each one label byte
/// and then C planes of H rows of W pixel bytes. CIFAR-10 and the digits come in it.
struct RecordFormat {
  std::string_view name;     ///< of the data set, for messages
  std::int64_t classes = 0;  ///< label bytes are 0 to classes - 1
  std::int64_t channels = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::uint8_t white = 255;                  ///< the largest pixel byte
  std::optional<std::int64_t> records = {};  ///< of a file; none: any number, but at least one

  /// The bytes of an image.
  constexpr std::int64_t pixels() const { return channels * height * width; }
  /// Those of a record: the label and the image.
  constexpr std::int64_t record_bytes() const { return 1 + pixels(); }
};

namespace detail {

// The number of records in so many bytes: whole ones, and as many as the format asks for.
inline std::int64_t count_records(const RecordFormat& format, const std::string& source,
                                  std::uint64_t bytes) {
  const auto record_bytes = static_cast<std::uint64_t>(format.record_bytes());
  const auto records = static_cast<std::int64_t>(bytes / record_bytes);
  const bool right = format.records ? records == *format.records : records > 0;
  if (right && bytes % record_bytes == 0) return records;
  throw std::runtime_error(fmt::format(
      "interchoice: {}: has {} bytes, {} records of {} bytes and {} bytes more; {} needs {}",
      source, bytes, records, record_bytes, bytes % record_bytes, format.name,
      format.records ? fmt::format("exactly {} records", *format.records)
                     : "whole records, at least one"));
}

// Takes whole records apart. Pixels go to `images`, labels to `labels`.
inline void decode_records(const RecordFormat& format, const std::string& source,
                           std::span<const std::uint8_t> bytes, std::uint8_t* images,
                           std::int64_t* labels) {
  const auto fail = [&](const std::uint8_t* at, const char* what, std::int64_t largest) {
    const std::int64_t place = at - bytes.data();
    throw std::runtime_error(
        fmt::format("interchoice: {}: byte {} (record {}): {} {}; the largest of {} is {}", source,
                    place, place / format.record_bytes(), what, *at, format.name, largest));
  };
  const std::uint8_t* const end = bytes.data() + bytes.size();
  for (const std::uint8_t* at = bytes.data(); at != end; at += format.pixels()) {
    if (*at >= format.classes) fail(at, "label", format.classes - 1);
    *labels++ = *at++;
    if (format.white < 255) {
      const auto beyond = [&](std::uint8_t pixel) { return pixel > format.white; };
      const std::uint8_t* const found = std::find_if(at, at + format.pixels(), beyond);
      if (found != at + format.pixels()) fail(found, "pixel", format.white);
    }
    images = std::copy_n(at, format.pixels(), images);
  }
}

inline ImageSet empty_image_set(const RecordFormat& format, std::int64_t count) {
  return {at::empty({count, format.channels, format.height, format.width},
                    at::TensorOptions(at::kByte)),
          at::empty({count}, at::TensorOptions(at::kLong)), format.classes,
          static_cast<double>(format.white)};
}

}  // namespace detail

/// The images of records that are in memory already; `source` stands for the path in messages.
///
/// *Throws*: `std::runtime_error` with source, byte, record and reason.
inline ImageSet decode_labelled_records(std::span<const std::uint8_t> bytes,
                                        const RecordFormat& format, const std::string& source) {
  ImageSet set =
      detail::empty_image_set(format, detail::count_records(format, source, bytes.size()));
  detail::decode_records(format, source, bytes, set.images.mutable_data_ptr<std::uint8_t>(),
                         set.labels.mutable_data_ptr<std::int64_t>());
  return set;
}

/// The images of one or several files, one file after the other.
///
/// *Throws*: `std::runtime_error` with path, byte, record and reason if a file is missing, has not
/// the number of records it must have, or holds a label or pixel out of range.
inline ImageSet read_labelled_records(std::span<const std::filesystem::path> paths,
                                      const RecordFormat& format) {
  std::vector<InputFile> files;
  std::vector<std::int64_t> counts;
  std::int64_t total = 0;
  for (const auto& path : paths) {
    files.emplace_back(path);
    counts.push_back(detail::count_records(format, path.string(), files.back().size()));
    total += counts.back();
  }
  ImageSet set = detail::empty_image_set(format, total);
  auto* images = set.images.mutable_data_ptr<std::uint8_t>();
  auto* labels = set.labels.mutable_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < files.size(); ++i) {
    detail::decode_records(format, files[i].path().string(), files[i].read_all(), images, labels);
    images += counts[i] * format.pixels();
    labels += counts[i];
  }
  return set;
}

}  // namespace interchoice
