// Data sets without a decoder: IDX files and labelled records.
//
// The first byte chooses. Of an IDX pair the next two say how many bytes the file of images has,
// the rest is that of the labels.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>

#include "fuzz/memory_file.hpp"
#include "interchoice/data/cifar10.hpp"
#include "interchoice/data/digits.hpp"
#include "interchoice/data/idx.hpp"
#include "interchoice/data/image_set.hpp"

namespace ic = interchoice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::string_view text = ic::testing::as_text(data + 3, size - 3);
  try {
    ic::ImageSet set;
    if (data[0] % 3 == 0) {
      const std::size_t images = std::min<std::size_t>(data[1] + 256 * data[2], text.size());
      const ic::testing::MemoryFile image_file(text.substr(0, images));
      const ic::testing::MemoryFile label_file(text.substr(images));
      set = ic::read_idx({image_file.path(), label_file.path()}, 10);
    } else if (data[0] % 3 == 1) {
      set = ic::read_cifar10(ic::testing::MemoryFile(text).path());
    } else {
      set = ic::decode_digits(std::span(data + 3, size - 3));
    }
    ic::check_image_set(set);  // what a reader returns is an image set
  } catch (const std::runtime_error&) {
  }
  return 0;
}
