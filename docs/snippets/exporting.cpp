// The code of how-to/exporting.md; compiled where protozero is.

#include <torch/nn.h>

#include <filesystem>
#include <string>
#include <vector>

#include "interchoice/evaluation/recalibrate.hpp"
#include "interchoice/export/read_onnx_model.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/export/torch_script.hpp"
#include "interchoice/export/write_exported_program.hpp"
#include "interchoice/export/write_onnx.hpp"
#include "interchoice/networks/nasbench201.hpp"

namespace ic = interchoice;

void write_best(ic::Supernet<ic::NasBench201<>, ic::bias<1>>& supernet,
                const ic::AnyBatchSource& data) {
  const ic::Architecture<ic::NasBench201Space> best{3, 1, 3, 2, 0, 3};
  auto subnet = ic::extract(supernet, best);
  ic::recalibrate(subnet, data);  // BatchNorm's statistics for this architecture; evaluation mode
  const at::Tensor example = at::zeros({1, 3, 32, 32});
  ic::write_onnx("best.onnx", subnet, example);
  ic::write_onnx("folded.onnx", subnet, example,
                 {.input = "image",
                  .output = "logits",
                  .fold_batch_norm = true,
                  .metadata = {{"author", "me"}}});
}

void write_own() {
  torch::nn::Sequential net(torch::nn::Conv2d(3, 8, 3), torch::nn::ReLU(), torch::nn::Flatten(),
                            torch::nn::Linear(8 * 30 * 30, 10));
  net->eval();
  ic::write_onnx("own.onnx", net, at::zeros({1, 3, 32, 32}));
}

template <class Net>
void write_with_celu(Net& net, const at::Tensor& example) {
  ic::OnnxOptions options;
  options.operators["aten::celu"] = [](ic::OnnxCall& call) -> std::vector<std::string> {
    return {call.add("Celu", {call.tensor("self")},
                     {{"alpha", static_cast<float>(call.number("alpha"))}})};
  };
  ic::write_onnx("own.onnx", net, example, options);
}

std::size_t node_count(const std::filesystem::path& path) {
  const ic::OnnxModel model = ic::read_onnx_model(path);
  return model.nodes.size();
}

void write_program(torch::nn::Sequential& net, const at::Tensor& example) {
  ic::write_exported_program("own.pt2", net, example, {.metadata = {{"author", "me"}}});
}

void write_script(torch::nn::Sequential& net, const at::Tensor& example) {
  ic::write_torch_script("own.pt", net, example);
}
