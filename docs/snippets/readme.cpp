#include <torch/nn.h>

#include <cstdio>

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
  const auto digits = ic::read_digits("examples/data/digits.bin");  // 1,797 images of 8x8 pixels
  const auto scale = ic::measure_normalisation(digits);
  const ic::Batches train(ic::first_images(digits, 1297), {64, scale, {.shift = 1}, ic::Seed{0}});
  const ic::Batches valid(ic::last_images(digits, 500), {64, scale});
  torch::manual_seed(0);  // of the initial weights
  Net net;
  torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  ic::UniformSampler sample(ic::all<Space>, ic::Seed{0});
  for (std::size_t epoch = 0; epoch < 60; ++epoch) {
    if (auto added = ic::begin_epoch(*net, epoch); !added.empty()) sgd.add_param_group({added});
    for (std::int64_t i = 0; i < train.size(); ++i) {
      const auto [data, target] = train.training(epoch, i);
      const ic::Architecture<Space> path = sample();  // a value: print it, hash it, store it
      ic::clear_gradients(*net, ic::UnsampledWeights::kMove);
      nn::functional::cross_entropy(net->forward(data, path), target).backward();
      sgd.step();
    }
  }
  const auto paths = ic::distinct_architectures(ic::all<Space>, 5, ic::Seed{0});
  const auto accuracies = ic::rank(net, train, valid, paths).predictions;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    std::printf("%s  %.1f %%\n", ic::to_text(paths[i]).c_str(), 100 * accuracies[i]);
  }
}
