// An ONNX model from a stranger: what is read can be folded, written, and read again as it was.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "fuzz/memory_file.hpp"
#include "interchoice/export/fold_onnx_batch_norm.hpp"
#include "interchoice/export/read_onnx_model.hpp"
#include "interchoice/export/write_onnx_model.hpp"

namespace ic = interchoice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ic::OnnxModel model;
  try {
    model = ic::onnx_model_of(ic::testing::as_text(data, size), "input");
  } catch (const std::runtime_error&) {
    return 0;
  }
  // As bytes: a model may hold a NaN, which equals nothing.
  const std::string bytes = ic::onnx_bytes(model);
  if (ic::onnx_bytes(ic::onnx_model_of(bytes, "again")) != bytes) std::abort();
  ic::fold_batch_norm(model);
  ic::onnx_model_of(ic::onnx_bytes(model), "folded");
  return 0;
}
