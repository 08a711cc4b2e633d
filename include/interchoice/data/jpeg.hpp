#pragma once

#include <fmt/core.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "interchoice/data/image.hpp"

namespace interchoice {

/// The limits of what is decoded.
struct JpegOptions {
  /// The most pixels, height times width; 0.2 GB decoded, twice as much again while a progressive
  /// file is being decoded.
  std::int64_t max_pixels = std::int64_t{1} << 26;
  /// The most scans, each of which is a pass over all pixels: some ten in a progressive file, while
  /// 0.2 MB with hundreds of them take ten seconds.
  int max_scans = 64;
  /// Take damaged data, pixels that the file does not hold being made up by the decoder (a cut file
  /// ends in grey). Otherwise all that the decoder warns of is refused.
  bool accept_damaged = false;
};

/// The facts in the header of a JPEG.
struct JpegHeader {
  std::int64_t height = 0;
  std::int64_t width = 0;
  int colours = 3;  ///< 1: grey; 3: colour; 4: CMYK or YCCK
};

namespace detail {

// `source` is a path whose names may come with a folder from elsewhere: without control characters,
// which a terminal would obey.
[[noreturn]] inline void fail_reading(std::string source, const std::string& reason) {
  for (char& c : source) {
    if ((c >= 0 && c < 0x20) || c == 0x7f) c = '?';
  }
  throw std::runtime_error(fmt::format("interchoice: {}: {}", source, reason));
}

// libjpeg-turbo's decoder. It keeps nothing from one image to the next.
class JpegDecoder {
 public:
  JpegDecoder() : handle_(tjInitDecompress()) {
    if (handle_ == nullptr) throw std::runtime_error("interchoice: libjpeg-turbo does not start");
  }

  tjhandle get() const { return handle_.get(); }
  std::string error() const { return tjGetErrorStr2(handle_.get()); }
  bool is_warning() const { return tjGetErrorCode(handle_.get()) == TJERR_WARNING; }

 private:
  struct Destroy {
    void operator()(void* handle) const { tjDestroy(handle); }
  };
  std::unique_ptr<std::remove_pointer_t<tjhandle>, Destroy> handle_;
};

// Markers of a scan. Coded pixels hold none by chance; a small image within the file counts, too.
inline int count_scans(std::span<const std::uint8_t> bytes) {
  int scans = 0;
  for (auto at = bytes.begin();
       (at = std::find(at, bytes.end(), std::uint8_t{0xFF})) != bytes.end(); ++at) {
    if (bytes.end() - at > 1 && at[1] == 0xDA) ++scans;
  }
  return scans;
}

inline JpegHeader read_jpeg_header(const JpegDecoder& decoder, std::span<const std::uint8_t> bytes,
                                   const std::string& source, const JpegOptions& options) {
  if (bytes.empty()) fail_reading(source, "is empty; a JPEG file was expected");
  if (bytes.size() < 2 || bytes[0] != 0xFF || bytes[1] != 0xD8) {
    fail_reading(source,
                 fmt::format("is not a JPEG file, which begins with the bytes 255 216; this one "
                             "with {}{}",
                             bytes[0], bytes.size() < 2 ? "" : fmt::format(" {}", bytes[1])));
  }
  int width = 0, height = 0, subsampling = 0, colours = 0;
  if (tjDecompressHeader3(decoder.get(), bytes.data(), bytes.size(), &width, &height, &subsampling,
                          &colours) != 0 &&
      !(options.accept_damaged && decoder.is_warning())) {
    fail_reading(source, fmt::format("its header cannot be read: {}", decoder.error()));
  }
  if (width < 1 || height < 1) fail_reading(source, "holds no image");
  if (std::int64_t{width} * height > options.max_pixels) {
    fail_reading(source, fmt::format("claims {} x {} pixels; at most {} are allowed "
                                     "(JpegOptions::max_pixels)",
                                     width, height, options.max_pixels));
  }
  if (const int scans = count_scans(bytes); scans > options.max_scans) {
    fail_reading(source,
                 fmt::format("has {} scans; at most {} are allowed (JpegOptions::max_scans)", scans,
                             options.max_scans));
  }
  const bool is_cmyk = colours == TJCS_CMYK || colours == TJCS_YCCK;
  return {height, width, is_cmyk ? 4 : colours == TJCS_GRAY ? 1 : 3};
}

}  // namespace detail

/// Reads the header of a JPEG in memory; `source` stands for the path in messages.
///
/// *Throws*: `std::runtime_error` with source and reason if it is empty, not a JPEG, malformed, of
/// a kind that libjpeg-turbo does not know, or larger than allowed.
inline JpegHeader read_jpeg_header(std::span<const std::uint8_t> bytes, const std::string& source,
                                   const JpegOptions& options = {}) {
  return detail::read_jpeg_header(detail::JpegDecoder(), bytes, source, options);
}

/// Decodes a JPEG in memory to red, green and blue; `source` stands for the path in messages.
///
/// With a scale denominator of 2, 4 or 8 the sides become so many times shorter, rounded up: the
/// decoder computes fewer pixels from each block of 8 x 8, which saves most of the time.
///
/// Grey becomes three equal values. CMYK and YCCK are taken as Adobe's programs write it,
/// inverted, without a colour profile: R = C K / 255, rounded, and so on.
///
/// *Throws*: `std::runtime_error` as `read_jpeg_header`, and if the data are cut or damaged unless
/// that is accepted; `std::invalid_argument` for another denominator.
inline Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& source,
                         const JpegOptions& options = {}, int scale_denominator = 1) {
  if (const int d = scale_denominator; d != 1 && d != 2 && d != 4 && d != 8) {
    throw std::invalid_argument(fmt::format(
        "interchoice: decode_jpeg with the scale denominator {}; 1, 2, 4 and 8 are possible", d));
  }
  const detail::JpegDecoder decoder;
  const JpegHeader header = detail::read_jpeg_header(decoder, bytes, source, options);
  const auto shorter = [&](std::int64_t side) {
    return (side + scale_denominator - 1) / scale_denominator;
  };
  Image image{shorter(header.height), shorter(header.width)};
  const auto pixels = static_cast<std::size_t>(image.height * image.width);
  const bool is_cmyk = header.colours == 4;
  image.pixels.resize((is_cmyk ? 4 : 3) * pixels);
  const int flags =
      TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS | (options.accept_damaged ? 0 : TJFLAG_STOPONWARNING);
  if (tjDecompress2(decoder.get(), bytes.data(), bytes.size(), image.pixels.data(),
                    static_cast<int>(image.width), 0, static_cast<int>(image.height),
                    is_cmyk ? TJPF_CMYK : TJPF_RGB, flags) != 0 &&
      !(options.accept_damaged && decoder.is_warning())) {
    detail::fail_reading(source, fmt::format("cannot be decoded: {}", decoder.error()));
  }
  if (is_cmyk) {
    std::uint8_t* rgb = image.pixels.data();
    for (const std::uint8_t* cmyk = rgb; rgb != image.pixels.data() + 3 * pixels; cmyk += 4) {
      const int key = cmyk[3];  // read first: rgb overtakes no value that is still needed
      for (const int value : {cmyk[0], cmyk[1], cmyk[2]}) {
        *rgb++ = static_cast<std::uint8_t>((value * key + 127) / 255);
      }
    }
    image.pixels.resize(3 * pixels);
  }
  return image;
}

}  // namespace interchoice
