// JPEG images in memory, at every scale, damaged ones taken and refused.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <stdexcept>

#include "interchoice/data/jpeg.hpp"

namespace ic = interchoice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(data, size);
  for (const int scale : {1, 2, 4, 8}) {
    for (const bool accept : {false, true}) {
      try {
        const ic::Image image = ic::decode_jpeg(
            bytes, "fuzz", {.max_pixels = 1 << 16, .accept_damaged = accept}, scale);
        if (image.pixels.size() != static_cast<std::size_t>(3 * image.height * image.width)) {
          std::abort();
        }
      } catch (const std::runtime_error&) {
      }
    }
  }
  return 0;
}
