// The export component: an ONNX model of nothing, written and read.

#include <interchoice/export/read_onnx_model.hpp>
#include <interchoice/export/write_onnx_model.hpp>

#include <cstdio>

int main() {
  interchoice::OnnxModel model;
  model.name = "nothing";
  const auto again = interchoice::onnx_model_of(interchoice::onnx_bytes(model), "nothing");
  std::printf("%s\n", again.name.c_str());
  return again == model ? 0 : 1;
}
