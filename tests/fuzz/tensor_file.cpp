// A tensor file from a stranger: its header, its tensors, and the descriptions in its metadata.

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "fuzz/memory_file.hpp"
#include "interchoice/io/safetensors.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/training/resumable_training.hpp"

namespace ic = interchoice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ic::testing::MemoryFile file(ic::testing::as_text(data, size));
  ic::TensorFile read;
  try {
    read = ic::read_tensor_file(file.path());
  } catch (const std::runtime_error&) {
    return 0;
  }
  try {
    ic::detail::parse_saved_network(file.path(), read);
  } catch (const std::runtime_error&) {
  }
  try {
    ic::detail::parse_training_facts(file.path(), read);
  } catch (const std::runtime_error&) {
  }
  return 0;
}
