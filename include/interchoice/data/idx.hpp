#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "interchoice/core/detail/joined.hpp"
#include "interchoice/data/image_set.hpp"
#include "interchoice/io/input_file.hpp"

namespace interchoice {

/// The two files of a data set in IDX format, unpacked.
struct IdxPaths {
  std::filesystem::path images;  ///< magic 0x00000803: unsigned bytes, [N, H, W]
  std::filesystem::path labels;  ///< magic 0x00000801: unsigned bytes, [N]
};

namespace detail {

inline constexpr const char* kHowToUnpack =
    " (gunzip --stdout FILE.gz > FILE, into any folder) and read that";

[[noreturn]] inline void fail_idx(const InputFile& file, const std::string& what) {
  throw std::runtime_error(fmt::format("interchoice: {}: {}", file.path().string(), what));
}

// An IDX file of unsigned bytes: two zero bytes, type 8, the number of dimensions, the dimensions
// as big-endian 32-bit numbers, the values.
inline at::Tensor read_idx_bytes(const std::filesystem::path& path, std::uint8_t dimensions) {
  std::filesystem::path compressed = path;
  compressed += ".gz";
  std::error_code error;  // of whatever else is wrong with the path InputFile tells
  if (!std::filesystem::exists(path, error) && std::filesystem::exists(compressed, error)) {
    throw std::runtime_error(fmt::format("interchoice: {}: is there as .gz only; unpack it{}",
                                         path.string(), kHowToUnpack));
  }
  InputFile file(path);
  std::array<std::uint8_t, 4> magic{};
  file.read(0, magic.data(), magic.size());
  if (magic[0] == 0x1f && magic[1] == 0x8b) {
    fail_idx(file, fmt::format("is compressed by gzip; unpack it{}", kHowToUnpack));
  }
  if (magic != std::array<std::uint8_t, 4>{0, 0, 8, dimensions}) {
    fail_idx(file,
             fmt::format("byte 0: begins {}; an IDX file of unsigned bytes with {} dimensions "
                         "begins 0 0 8 {}",
                         joined(magic, " "), dimensions, dimensions));
  }
  std::vector<std::int64_t> sizes;
  const std::uint64_t header = 4 + 4 * std::uint64_t{dimensions};
  std::uint64_t values = 1;
  for (std::uint64_t at = 4; at < header; at += 4) {
    std::array<std::uint8_t, 4> bytes{};
    file.read(at, bytes.data(), bytes.size());
    std::uint32_t size = 0;
    for (const std::uint8_t byte : bytes) size = size << 8 | byte;
    if (size == 0) fail_idx(file, fmt::format("byte {}: a dimension is 0", at));
    // The product of more than the file holds is of no interest, only that it does not wrap round.
    values = values > file.size() / size ? file.size() : values * size;
    sizes.push_back(size);
  }
  if (file.size() - header != values) {
    fail_idx(file,
             fmt::format("has {} bytes; its header of {} bytes announces {} values of one byte",
                         file.size(), header, joined(sizes, "x")));
  }
  at::Tensor tensor = at::empty(sizes, at::TensorOptions(at::kByte));
  file.read(header, tensor.mutable_data_ptr<std::uint8_t>(), values);
  return tensor;
}

}  // namespace detail

/// Reads images and labels in the IDX format of MNIST and its successors.
///
/// The files must be unpacked (`gunzip`): the library does without a decompressor.
///
/// *Shapes*: images [N, 1, H, W].
///
/// *Throws*: `std::runtime_error` with path, place and reason if a file is missing, has another
/// magic number or size than it must have, if labels are out of range or do not match the images.
inline ImageSet read_idx(const IdxPaths& paths, std::int64_t classes) {
  const at::Tensor images = detail::read_idx_bytes(paths.images, 3);  // [N, H, W]
  const at::Tensor labels = detail::read_idx_bytes(paths.labels, 1);  // [N]
  if (images.size(0) != labels.size(0)) {
    throw std::runtime_error(fmt::format("interchoice: {}: has {} labels; {} has {} images",
                                         paths.labels.string(), labels.size(0),
                                         paths.images.string(), images.size(0)));
  }
  const std::uint8_t* const values = labels.const_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < labels.size(0); ++i) {
    if (values[i] >= classes) {
      throw std::runtime_error(fmt::format(
          "interchoice: {}: byte {} (image {}): label {}; the largest of {} classes is {}",
          paths.labels.string(), 8 + i, i, values[i], classes, classes - 1));
    }
  }
  return {images.unsqueeze(1), labels.to(at::kLong), classes, 255};
}

/// Reads the 60,000 training images of a folder in MNIST's naming: Fashion-MNIST, for example,
/// which Debian has as dataset-fashion-mnist.
inline ImageSet read_mnist_train(const std::filesystem::path& folder) {
  return read_idx({folder / "train-images-idx3-ubyte", folder / "train-labels-idx1-ubyte"}, 10);
}

/// Reads the 10,000 test images of such a folder.
inline ImageSet read_mnist_test(const std::filesystem::path& folder) {
  return read_idx({folder / "t10k-images-idx3-ubyte", folder / "t10k-labels-idx1-ubyte"}, 10);
}

}  // namespace interchoice
