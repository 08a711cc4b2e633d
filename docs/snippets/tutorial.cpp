// docs/tutorial.md, complete: from nothing to the best architecture as a network of its own.

#include <fmt/core.h>
#include <torch/nn.h>

#include <cstddef>
#include <string_view>
#include <vector>

#include "interchoice/interchoice.hpp"
#include "interchoice/networks/saved_network.hpp"

namespace ic = interchoice;
namespace nn = torch::nn;

// Step 1: candidates.
template <int Kernel>
struct ReluConvBn {
  static constexpr std::string_view name = Kernel == 3 ? "conv3x3" : "conv5x5";
  static constexpr ic::CandidateKind kind = ic::CandidateKind::kConvolution;
  nn::Sequential build(const ic::Geometry& g) const {
    auto options = nn::Conv2dOptions(g.channels, g.out_channels, Kernel);
    options.padding(Kernel / 2).bias(false);
    return nn::Sequential(nn::ReLU(), nn::Conv2d(options), nn::BatchNorm2d(g.out_channels));
  }
};

// Step 2: a space.
using Space = ic::Chain<4, ic::Candidates<ReluConvBn<3>, ReluConvBn<5>, ic::Skip>>;

// Step 3: a network around it, for any policy.
template <class Policy>
struct DigitNetImpl : nn::Module {
  using Body = ic::ChoiceBlocks<Space, Policy>;
  nn::Conv2d stem = register_module("stem", nn::Conv2d(nn::Conv2dOptions(1, 8, 3).padding(1)));
  Body body = register_module("body", Body(ic::Geometry{.channels = 8}));
  nn::Linear head = register_module("head", nn::Linear(8, 10));

  at::Tensor forward(const at::Tensor& x, const ic::Architecture<Space>& architecture) {
    const at::Tensor y = body->forward(stem(x), architecture);  // [N, 8, 8, 8]
    return head(at::relu(y).mean({2, 3}));                      // [N, 10]
  }
};

template <class Policy>
struct DigitNet : nn::ModuleHolder<DigitNetImpl<Policy>> {
  using nn::ModuleHolder<DigitNetImpl<Policy>>::ModuleHolder;
};

int main() {
  at::set_num_threads(1);
  ic::keep_freed_memory();

  // Step 4: data.
  const ic::ImageSet digits = ic::read_digits("examples/data/digits.bin");
  const ic::Normalisation scale = ic::measure_normalisation(digits);
  const ic::Batches train(ic::first_images(digits, 1297), {64, scale, {.shift = 1}, ic::Seed{0}});
  const ic::Batches valid(ic::last_images(digits, 500), {100, scale});

  // Step 5: train the super-network, one random path a batch.
  torch::manual_seed(0);
  DigitNet<ic::bias<1>> net;
  const ic::Sampler sample{ic::Uniform{ic::all<Space>}, ic::Seed{0}};
  const ic::Training training{.epochs = 20, .learning_rate = ic::cosine(0.1, 1e-5)};
  const ic::TrainingRecord record =
      ic::train(net, train, sample, training, ic::TerminalProgress("super-network"));
  fmt::print("loss {:.3f} in the first epoch, {:.3f} in the last\n", record.epochs.front().loss,
             record.epochs.back().loss);

  // Step 6: rank all 81 architectures.
  const ic::Ranking<Space> ranking = ic::rank(net, {.calibration = train, .validation = valid},
                                              ic::every_architecture(ic::all<Space>));
  const std::vector<std::size_t> order = ic::best_first(ranking.predictions);
  for (const std::size_t place : {0, 1, 2, 80}) {
    const std::size_t i = order[place];
    fmt::print("{}. {}  {:.1f} %\n", place + 1, ic::to_text(ranking.architectures[i]),
               100 * ranking.predictions[i]);
  }

  // Step 7: train some of them alone and compare.
  std::vector<double> predicted;
  std::vector<double> alone;
  for (std::size_t place = 0; place < order.size(); place += 10) {
    const ic::Architecture<Space> architecture = ranking.architectures[order[place]];
    torch::manual_seed(1);
    DigitNet<ic::none> single;
    ic::train(single, train, ic::Fixed{architecture}, training);
    single->eval();
    predicted.push_back(ranking.predictions[order[place]]);
    alone.push_back(ic::accuracy(single, architecture, valid));
    fmt::print("{}  predicted {:.1f} %, alone {:.1f} %\n", ic::to_text(architecture),
               100 * predicted.back(), 100 * alone.back());
  }
  fmt::print("Kendall tau-b {:.2f}\n", ic::kendall_tau_b(predicted, alone));

  // Step 8: take the best out, as a network of its own.
  ic::Subnet<DigitNet<ic::bias<1>>> best = ic::extract(net, ranking.best());
  ic::recalibrate(best, train);
  fmt::print("the best has {} of {} tensors, accuracy {:.1f} %\n", best->parameters().size(),
             net->parameters().size(), 100 * ic::accuracy(best, ranking.best(), valid));

  // Step 9: keep both.
  ic::save("build/digits.safetensors", net, {{"data", "digits"}, {"seed", "0"}});
  ic::save("build/best.safetensors", best);
  auto again = ic::load<ic::Subnet<DigitNet<ic::bias<1>>>>("build/best.safetensors");
  again->eval();
  fmt::print("loaded: {}, {:.1f} %\n", ic::to_text(again->architecture()),
             100 * ic::accuracy(again, again->architecture(), valid));
}
