// Candidates that run as recordings: with a recorder on the processor everything but the graphs
// themselves. Captured and eager agree to the bit: results, gradients, buffers, optimizer.

#include "interchoice/nn/captured_candidates.hpp"

#include <ATen/ATen.h>
#include <torch/nn.h>
#include <torch/optim.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/evaluation/batch_norm_buffers.hpp"
#include "interchoice/nn/cell_blocks.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/fold_batch_norm.hpp"
#include "interchoice/nn/operations/average_pool.hpp"
#include "interchoice/nn/operations/inverted_residual.hpp"
#include "interchoice/nn/operations/relu_convolution_norm.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/nn/operations/zero.hpp"
#include "interchoice/nn/settle_weights.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/spaces/cell.hpp"
#include "interchoice/spaces/chain.hpp"
#include "interchoice/training/detail/optimizer_state.hpp"
#include "interchoice/training/path_step.hpp"
#include "networks/last_used_split.hpp"
#include "nn/host_recorder.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;

namespace {

constexpr std::int64_t kChannels = 4;

struct Projection : ic::LinearSkip {
  static constexpr std::string_view name = "projection";
};

using Images = ic::Candidates<ic::ReluConvolutionNorm<3>, ic::ReluConvolutionNorm<1, true>,
                              ic::InvertedResidual<3, 2>, ic::Skip, Projection,
                              ic::AveragePool3x3<>, ic::Zero>;
using Cell = ic::Cell<2, Images>;
using Chain = ic::Chain<3, Images>;

/// A network with a cell, whose results are deferred to sums, and then blocks in a row.
template <class Policy>
struct NetImpl : torch::nn::Module {
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<Cell>& path) {
    at::Tensor h = stem->forward(x.contiguous(at::MemoryFormat::ChannelsLast));
    h = cell->forward(h, path);
    h = blocks->forward(h, ic::Architecture<Chain>{path[0], path[1], path[2]});
    return head->forward(h.mean({2, 3}));
  }

  torch::nn::Conv2d stem = register_module("stem", torch::nn::Conv2d(3, kChannels, 3));
  ic::CellBlocks<Cell, Policy> cell =
      register_module("cell", ic::CellBlocks<Cell, Policy>(0, ic::Geometry{.channels = kChannels}));
  ic::ChoiceBlocks<Chain, Policy> blocks = register_module(
      "blocks", ic::ChoiceBlocks<Chain, Policy>(ic::Geometry{.channels = kChannels}));
  torch::nn::Linear head = register_module("head", torch::nn::Linear(kChannels, 5));
};
template <class Policy>
struct Net : torch::nn::ModuleHolder<NetImpl<Policy>> {
  using torch::nn::ModuleHolder<NetImpl<Policy>>::ModuleHolder;
};

using State = std::map<std::string, at::Tensor>;

/// Rows of dependent tables differ from what does nothing.
void randomise_tables(torch::nn::Module& net) {
  const c10::NoGradGuard no_grad;
  for (auto& p : net.named_parameters()) {
    if (p.key().find("table") != std::string::npos) p.value().normal_(0, 0.5);
  }
}

template <class Policy>
Net<Policy> network() {
  at::manual_seed(5);
  Net<Policy> net{std::make_shared<NetImpl<Policy>>()};
  randomise_tables(*net);
  return net;
}

State state_of(const torch::nn::Module& net, torch::optim::Optimizer* optimizer = nullptr) {
  ic::settle_weights(net);
  State all;
  for (const auto& b : net.named_buffers()) all[b.key()] = b.value().clone();
  for (const auto& p : net.named_parameters()) {
    all[p.key()] = p.value().detach().clone();
    if (p.value().grad().defined()) all[p.key() + ".gradient"] = p.value().grad().clone();
    if (optimizer == nullptr) continue;
    for (const auto& [name, tensor] : ic::detail::state_tensors(*optimizer, p.value())) {
      all[p.key() + "." + name] = tensor.clone();
    }
  }
  return all;
}

void check_equal(const State& a, const State& b) {
  REQUIRE(a.size() == b.size());
  for (const auto& [name, tensor] : a) {
    INFO(name);
    REQUIRE(b.contains(name));
    if (!at::equal(tensor, b.at(name))) {
      WARN(name << " " << (tensor - b.at(name)).abs().max().item<double>());
    }
    CHECK(at::equal(tensor, b.at(name)));
  }
}

/// A network in training, with its optimizer.
template <class Policy>
struct Run {
  Run() : net(network<Policy>()), optimizer(net->parameters(), sgd()), step(net, optimizer) {}

  static torch::optim::SGDOptions sgd() {
    return torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(1e-3);
  }
  double train(const ic::Sampler<ic::Uniform<Cell>>& sample, const at::Tensor& x,
               const at::Tensor& target) {
    return step(sample,
                [&](const auto& path) {
                  return at::cross_entropy_loss(net->forward(x, path), target);
                })
        .loss();
  }

  Net<Policy> net;
  torch::optim::SGD optimizer;
  ic::PathStep step;
};

at::Tensor images(std::uint64_t seed) {
  at::manual_seed(seed);
  return at::randn({4, 3, 6, 5});
}

/// Training, calibration and evaluation of two networks, one of them captured.
template <class Policy>
void check_policy(std::size_t paths = 1) {
  const auto recorder = std::make_shared<ic::testing::HostRecorder>();
  const at::Tensor target = at::arange(4);
  const ic::Sampler sample(ic::Uniform{ic::all<Cell>}, ic::Seed{3});
  Run<Policy> eager;
  Run<Policy> run;
  const ic::CapturedCandidates captured(run.net, recorder, {.eager_passes = 1});
  for (std::size_t epoch = 0; epoch < 3; ++epoch) {
    eager.step.begin(epoch);
    run.step.begin(epoch);
    for (std::size_t i = 0; i < 12 * paths; ++i) {
      INFO("epoch " << epoch << ", step " << i);
      const at::Tensor x = images(100 * epoch + i);
      REQUIRE(eager.train(sample, x, target) == run.train(sample, x, target));
    }
    check_equal(state_of(*eager.net, &eager.optimizer), state_of(*run.net, &run.optimizer));
    // Evaluation of some architectures, with calibration.
    for (std::size_t i = 0; i < 6; ++i) {
      const auto path = sample(9, i);
      const auto evaluated = [&](Net<Policy>& net) {
        const ic::BatchNormBuffers buffers(*net);
        const c10::NoGradGuard no_grad;
        net->train();
        for (std::uint64_t k = 0; k < 3; ++k) net->forward(images(k), path);
        net->eval();
        std::vector<at::Tensor> results;
        for (std::uint64_t k = 0; k < 3; ++k) results.push_back(net->forward(images(7 + k), path));
        return at::stack(results);
      };
      REQUIRE(at::equal(evaluated(eager.net), evaluated(run.net)));
    }
    check_equal(state_of(*eager.net, &eager.optimizer), state_of(*run.net, &run.optimizer));
  }
  CHECK(captured.counts().captures > 10);
  CHECK(captured.counts().replays > 5 * captured.counts().captures / 2);
  CHECK(recorder->replays > captured.counts().replays);  // backward passes, too
}

}  // namespace

TEST_CASE("captured as eager - none") {
  check_policy<ic::none>();
}
TEST_CASE("captured as eager - bias") {
  check_policy<ic::bias<1>>();
}
TEST_CASE("captured as eager - scale") {
  check_policy<ic::scale<1>>();
}
TEST_CASE("captured as eager - attention") {
  check_policy<ic::attention<2>>();
}
TEST_CASE("captured as eager - affine") {
  check_policy<ic::affine<1>>();
}
TEST_CASE("captured as eager - split") {
  check_policy<ic::split<1>>(3);
}
TEST_CASE("captured as eager - a composition") {
  check_policy<ic::compose<ic::bias<1>, ic::scale<1>, ic::split<2>>>(2);
}
