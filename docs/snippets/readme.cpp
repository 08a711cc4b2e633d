#include <torch/nn.h>

#include <fmt/core.h>

#include "interchoice/interchoice.hpp"

namespace ic = interchoice;
namespace nn = torch::nn;

template <int Kernel>
struct ReluConvBn {  // a candidate: a name and a module for a geometry; nothing to inherit
  static constexpr std::string_view name = Kernel == 3 ? "conv3x3" : "conv5x5";
  nn::Sequential build(const ic::Geometry& g) const {
    auto options = nn::Conv2dOptions(g.channels, g.out_channels, Kernel).padding(Kernel / 2);
    return nn::Sequential(nn::ReLU(), nn::Conv2d(options), nn::BatchNorm2d(g.out_channels));
  }
};
using Space = ic::Chain<6, ic::Candidates<ReluConvBn<3>, ReluConvBn<5>, ic::Skip>>;
using Body = ic::ChoiceBlocks<Space, ic::bias<1>>;  // none, bias<2>, split<10>: one word to change

struct NetImpl : nn::Module {
  nn::Conv2d stem = register_module("stem", nn::Conv2d(nn::Conv2dOptions(1, 16, 3).padding(1)));
  Body body = register_module("body", Body(ic::Geometry{.channels = 16}));
  nn::Linear head = register_module("head", nn::Linear(16, 10));
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<Space>& path) {
    return head(at::relu(body->forward(stem(x), path)).mean({2, 3}));
  }
};
TORCH_MODULE(Net);

int main() {
  at::set_num_threads(1);  // 8x8 pixels: more threads cost more than they bring
  const auto digits = ic::read_digits("examples/data/digits.bin");  // 1,797 images of 8x8 pixels
  const auto scale = ic::measure_normalisation(digits);
  const ic::Batches train(ic::first_images(digits, 1297), {64, scale, {.shift = 1}, ic::Seed{0}});
  const ic::Batches valid(ic::last_images(digits, 500), {64, scale});
  torch::manual_seed(0);  // of the initial weights
  Net net;
  torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  ic::PathStep step(net, sgd);
  const ic::Sampler sample{ic::Uniform{ic::all<Space>}, ic::Seed{0}};
  for (std::size_t epoch = 0; epoch < 60; ++epoch) {
    step.begin(epoch);  // splits happen here, and their copies join the optimizer
    for (const auto& [data, target] : train.epoch(epoch)) {
      step(sample,
           [&](const ic::Architecture<Space>& path) {  // a value: print it, hash it, store it
             return nn::functional::cross_entropy(net(data, path), target);
           });
    }
  }
  const auto paths = ic::distinct_architectures(ic::all<Space>, 5, ic::Seed{0});
  const auto ranking = ic::rank(net, {.calibration = train, .validation = valid}, paths);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    fmt::print("{}  {:.1f} %\n", ic::to_text(paths[i]), 100 * ranking.predictions[i]);
  }
  fmt::print("best: {}\n", ic::to_text(ranking.best()));
}
