// Own operations, own network, own loop: a super-network of six layers on the embedded digits, and
// the best of ten architectures as a network of its own, best.safetensors.

#include <fmt/core.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <range/v3/view/zip.hpp>
#include <span>
#include <string_view>

#include "embedded/digits.hpp"
#include "interchoice/interchoice.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/networks/saved_network.hpp"

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

int main(int argc, char** argv) {
  if (argc > 1) {
    const bool is_help = std::string_view(argv[1]) == "--help";
    fmt::print(is_help ? stdout : stderr,
               "quickstart takes no options: it trains on the embedded digits and writes "
               "best.safetensors\n");
    return is_help ? 0 : 2;
  }
  ic::require_writable("best.safetensors");
  at::set_num_threads(1);  // 8x8 pixels: more threads cost more than they bring
  const auto digits = ic::decode_digits(std::span(embedded::digits, embedded::digits_size));
  const auto normalisation = ic::measure_normalisation(digits);
  const ic::Batches train(ic::first_images(digits, 1297),
                          {64, normalisation, {.shift = 1}, ic::Seed{0}});
  const ic::Batches valid(ic::last_images(digits, 500), {64, normalisation});

  // A super-network, one random path a step.
  torch::manual_seed(0);
  MyNet net;
  torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  ic::PathStep step(net, sgd);
  const ic::Sampler sample{ic::Uniform{ic::all<Space>}, ic::Seed{0}};
  for (std::size_t epoch = 0; epoch < 40; ++epoch) {
    step.begin(epoch);  // splits happen here, and their copies join the optimizer
    double loss_sum = 0;
    for (const auto& [data, target] : train.epoch(epoch)) {
      const auto done = step(sample, [&](const ic::Architecture<Space>& path) {
        return at::cross_entropy_loss(net(data, path), target);
      });
      loss_sum += done.loss();
    }
    fmt::print("epoch {:2}  loss {:.3f}\n", epoch + 1,
               loss_sum / static_cast<double>(train.size()));
  }

  // From a ranking of ten architectures to a network of one's own.
  const auto architectures = ic::distinct_architectures(ic::all<Space>, 10, ic::Seed{0});
  const auto ranking = ic::rank(net, {.calibration = train, .validation = valid}, architectures);
  for (const auto& [path, accuracy] : ranges::views::zip(architectures, ranking.predictions)) {
    fmt::print("{}  {:.1f} %\n", ic::to_text(path), 100 * accuracy);
  }
  auto best = ic::extract(net, ranking.best());
  ic::recalibrate(best, train);
  ic::save("best.safetensors", best);
  auto again = ic::load<decltype(best)>("best.safetensors");
  again->eval();
  const auto [data, target] = valid.evaluation(0);
  fmt::print("{} as a network of its own: {} of {} right\n", ic::to_text(again->architecture()),
             again(data).argmax(1).eq(target).sum().item<std::int64_t>(), data.size(0));
}
