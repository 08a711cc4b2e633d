#pragma once

#include <ATen/ATen.h>
#include <torch/nn.h>
#include <torch/optim.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/evaluation/batch_norm_buffers.hpp"
#include "interchoice/evaluation/detail/norm_calibration.hpp"
#include "interchoice/nn/capture/captured_candidates.hpp"
#include "interchoice/nn/cell_blocks.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/average_pool.hpp"
#include "interchoice/nn/operations/inverted_residual.hpp"
#include "interchoice/nn/operations/relu_convolution_norm.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/nn/operations/zero.hpp"
#include "interchoice/nn/precision.hpp"
#include "interchoice/nn/settle_weights.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/spaces/cell.hpp"
#include "interchoice/spaces/chain.hpp"
#include "interchoice/training/detail/optimizer_state.hpp"
#include "interchoice/training/path_step.hpp"
#include "support/catch.hpp"

/// A small network of a user's own whose candidates run as graphs, against the same without.
namespace interchoice::testing::captured {

namespace ic = interchoice;

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
inline void randomise_tables(torch::nn::Module& net) {
  const c10::NoGradGuard no_grad;
  for (auto& p : net.named_parameters()) {
    if (p.key().find("table") != std::string::npos) p.value().normal_(0, 0.5);
  }
}

template <class Policy>
Net<Policy> network(const at::Device& device = at::kCPU) {
  at::manual_seed(5);
  Net<Policy> net{std::make_shared<NetImpl<Policy>>()};
  randomise_tables(*net);
  net->to(device);
  return net;
}

inline State state_of(const torch::nn::Module& net, torch::optim::Optimizer* optimizer = nullptr) {
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

inline void check_equal(const State& a, const State& b) {
  REQUIRE(a.size() == b.size());
  for (const auto& [name, tensor] : a) {
    INFO(name);
    REQUIRE(b.contains(name));
    CHECK(at::equal(tensor, b.at(name)));
  }
}

/// A network in training, with its optimizer.
template <class Policy>
struct Run {
  explicit Run(const at::Device& device = at::kCPU)
      : net(network<Policy>(device)), optimizer(net->parameters(), sgd()), step(net, optimizer) {}

  static torch::optim::SGDOptions sgd() {
    return torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(1e-3);
  }
  double train(const ic::Sampler<ic::Uniform<Cell>>& sample, const at::Tensor& x,
               ic::Precision precision = ic::Precision::kFloat32) {
    const at::Tensor target = at::arange(x.size(0)).to(x.device());
    return step(
               sample,
               [&](const auto& path) {
                 return at::cross_entropy_loss(
                     ic::in_precision(precision, x.device(), [&] { return net->forward(x, path); }),
                     target);
               })
        .loss();
  }

  Net<Policy> net;
  torch::optim::SGD optimizer;
  ic::PathStep step;
};

inline at::Tensor images(std::uint64_t seed, const at::Device& device = at::kCPU) {
  at::manual_seed(seed);
  return at::randn({4, 3, 6, 5}).to(device);
}

/// The logits of a path after a calibration; buffers are put back.
template <class Policy>
at::Tensor evaluated(Net<Policy>& net, const ic::Architecture<Cell>& path,
                     const ic::Recalibration& recalibration, const at::Device& device) {
  const ic::BatchNormBuffers buffers(*net);
  ic::detail::NormCalibration(*net, recalibration).calibrate([&](std::int64_t i) {
    net->forward(images(static_cast<std::uint64_t>(i), device), path);
  });
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> results;
  for (std::uint64_t i = 0; i < 3; ++i)
    results.push_back(net->forward(images(7 + i, device), path));
  return at::stack(results);
}

struct Check {
  at::Device device = at::kCPU;
  ic::Precision precision = ic::Precision::kFloat32;
  std::size_t epochs = 2;
  std::size_t steps = 12;
};

/// Trains, calibrates and evaluates two networks, one of them captured: equal to the bit.
template <class Policy>
ic::CaptureCounts check_policy(const std::shared_ptr<ic::GraphRecorder>& recorder,
                               const Check& check) {
  const ic::Sampler sample(ic::Uniform{ic::all<Cell>}, ic::Seed{3});
  Run<Policy> eager(check.device);
  Run<Policy> run(check.device);
  const ic::CapturedCandidates captured(run.net, recorder);
  for (std::size_t epoch = 0; epoch < check.epochs; ++epoch) {
    eager.step.begin(epoch);
    run.step.begin(epoch);
    for (std::size_t i = 0; i < check.steps; ++i) {
      INFO("epoch " << epoch << ", step " << i);
      const at::Tensor x = images(100 * epoch + i, check.device);
      REQUIRE(eager.train(sample, x, check.precision) == run.train(sample, x, check.precision));
    }
    check_equal(state_of(*eager.net, &eager.optimizer), state_of(*run.net, &run.optimizer));
    std::size_t i = 0;
    for (const auto& recalibration :
         {ic::Recalibration::paper(3), ic::Recalibration::reset_first(2),
          ic::Recalibration::biased_average(3), ic::Recalibration::batch_statistics()}) {
      const auto path = sample(9, i++);
      INFO(to_text(recalibration));
      REQUIRE(at::equal(evaluated(eager.net, path, recalibration, check.device),
                        evaluated(run.net, path, recalibration, check.device)));
    }
    eager.net->train();
    run.net->train();
    check_equal(state_of(*eager.net, &eager.optimizer), state_of(*run.net, &run.optimizer));
  }
  return captured.counts();
}

}  // namespace interchoice::testing::captured
