#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "interchoice/data/image_set.hpp"
#include "interchoice/data/labelled_records.hpp"

namespace interchoice {

/// CIFAR-10's binary layout: planes of red, green and blue, 32x32 each. The classes are airplane,
/// automobile, bird, cat, deer, dog, frog, horse, ship and truck.
///
/// *Source*: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
inline constexpr RecordFormat kCifar10Format{
    .name = "CIFAR-10", .classes = 10, .channels = 3, .height = 32, .width = 32};

/// Reads one file of any number of images.
///
/// *Shapes*: images [N, 3, 32, 32].
///
/// *Throws*: `std::runtime_error` with path, place and reason if the file is not what it should be.
inline ImageSet read_cifar10(const std::filesystem::path& path) {
  return read_labelled_records(std::array{path}, kCifar10Format);
}

namespace detail {

constexpr RecordFormat cifar10_batch_format() {
  RecordFormat format = kCifar10Format;
  format.records = 10000;
  return format;
}

}  // namespace detail

/// Reads the 50,000 training images, data_batch_1.bin to data_batch_5.bin of a folder.
///
/// *Throws*: `std::runtime_error` as `read_cifar10`, and if a file has not 10,000 images.
inline ImageSet read_cifar10_train(const std::filesystem::path& folder) {
  const std::array paths{folder / "data_batch_1.bin", folder / "data_batch_2.bin",
                         folder / "data_batch_3.bin", folder / "data_batch_4.bin",
                         folder / "data_batch_5.bin"};
  return read_labelled_records(paths, detail::cifar10_batch_format());
}

/// Reads the 10,000 test images, test_batch.bin of a folder.
///
/// *Throws*: `std::runtime_error` as `read_cifar10`, and if the file has not 10,000 images.
inline ImageSet read_cifar10_test(const std::filesystem::path& folder) {
  return read_labelled_records(std::array{folder / "test_batch.bin"},
                               detail::cifar10_batch_format());
}

}  // namespace interchoice
