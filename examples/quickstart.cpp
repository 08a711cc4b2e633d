// Own operations, own network, own loop: a super-network of six layers on the embedded digits.

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cstdio>
#include <span>

#include "embedded/digits.hpp"
#include "interchoice/interchoice.hpp"

namespace ic = interchoice;

// A candidate: a name and a module for a geometry; nothing to inherit. The ReLU comes first, so
// that a bias on the input matters: straight before a BatchNorm it would be removed again.
template <int Kernel>
struct ReluConvNorm {
  static constexpr std::string_view name = Kernel == 3 ? "conv3x3" : "conv5x5";
  torch::nn::Sequential build(const ic::Geometry& g) const {
    auto options = torch::nn::Conv2dOptions(g.channels, g.out_channels, Kernel);
    return torch::nn::Sequential(torch::nn::ReLU(),
                                 torch::nn::Conv2d(options.padding(Kernel / 2).bias(false)),
                                 torch::nn::BatchNorm2d(g.out_channels));
  }
};

using Space = ic::Chain<6, ic::Candidates<ReluConvNorm<3>, ReluConvNorm<5>, ic::Skip>>;
using Policy = ic::bias<1>;  // none, bias<2>, split<10>, ...: one word to change

struct MyNetImpl : torch::nn::Module {
  MyNetImpl() {
    register_module("stem", stem);
    register_module("body", body);
    register_module("head", head);
  }
  torch::Tensor forward(torch::Tensor x, const ic::Architecture<Space>& architecture) {
    x = stem(x);
    for (auto& block : *body) x = block->forward(x, architecture);
    return head(x.mean({2, 3}));
  }
  torch::nn::Conv2d stem{torch::nn::Conv2dOptions(1, 16, 3).padding(1)};
  ic::ChoiceBlocks<Space, Policy> body{ic::Geometry{.channels = 16}};
  torch::nn::Linear head{16, 10};
};
TORCH_MODULE(MyNet);

int main() {
  const auto digits = ic::decode_digits(std::span(embedded::digits, embedded::digits_size));
  const auto normalisation = ic::measure_normalisation(digits);
  const ic::Batches train(ic::first_images(digits, 1297),
                          {64, normalisation, {.shift = 1}, ic::Seed{0}});
  const ic::Batches test(ic::last_images(digits, 500), {64, normalisation});

  MyNet net;
  ic::UniformSampler sample(ic::all<Space>, ic::Seed{0});
  torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  for (std::size_t epoch = 0; epoch < 40; ++epoch) {
    if (auto added = ic::begin_epoch(*net, epoch); !added.empty()) sgd.add_param_group({added});
    double loss_sum = 0;
    const auto batches = train.epoch(epoch);
    for (std::int64_t i = 0; i < batches.size(); ++i) {
      const auto [data, target] = batches[i];
      const ic::Architecture<Space> path = sample();  // a value: print it, hash it, store it
      ic::clear_gradients(*net, ic::UnsampledWeights::kMove);
      const auto loss = at::cross_entropy_loss(net->forward(data, path), target);
      loss.backward();
      sgd.step();
      loss_sum += loss.item<double>();
    }
    std::printf("epoch %2zu  loss %.3f\n", epoch + 1,
                loss_sum / static_cast<double>(batches.size()));
  }

  const auto architectures = ic::distinct_architectures(ic::all<Space>, 10, ic::Seed{0});
  const auto ranking = ic::rank(net, train, test, architectures);
  for (std::size_t i = 0; i < architectures.size(); ++i) {
    std::printf("%s  %.1f %%\n", ic::to_text(architectures[i]).c_str(),
                100 * ranking.predictions[i]);
  }
}
