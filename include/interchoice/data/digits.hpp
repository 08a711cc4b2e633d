#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "interchoice/data/image_set.hpp"
#include "interchoice/data/labelled_records.hpp"

namespace interchoice {

/// The 1,797 handwritten digits of 8x8 grey pixels, 0 (paper) to 16 (ink), that examples and tests
/// carry with them.
///
/// *Source*: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
/// Repository, 1998, https://doi.org/10.24432/C50P49, CC BY 4.0.
inline constexpr RecordFormat kDigitsFormat{
    .name = "the digits", .classes = 10, .height = 8, .width = 8, .white = 16, .records = 1797};

/// The suggested split is `first_images(digits, kDigitsTraining)` for training and
/// `last_images(digits, kDigitsTest)` for testing.
inline constexpr std::int64_t kDigitsTraining = 1297;
/// See `kDigitsTraining`.
inline constexpr std::int64_t kDigitsTest = 500;

/// Reads digits.bin.
///
/// *Shapes*: images [1797, 1, 8, 8].
///
/// *Throws*: `std::runtime_error` with path, place and reason if the file is not what it should be.
inline ImageSet read_digits(const std::filesystem::path& path) {
  return read_labelled_records(std::array{path}, kDigitsFormat);
}

/// The same out of bytes that were embedded in a program.
inline ImageSet decode_digits(std::span<const std::uint8_t> bytes) {
  return decode_labelled_records(bytes, kDigitsFormat, "embedded digits");
}

}  // namespace interchoice
