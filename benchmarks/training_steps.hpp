#pragma once

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <torch/cuda.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/static_network.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/nn/precision.hpp"
#include "interchoice/sampling/fixed.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/optimizer.hpp"
#include "interchoice/training/path_step.hpp"

/// Training steps (forward, backward, SGD; of super-networks by `PathStep`) as functions, one for
/// each variant to be compared.
namespace benchmarks {

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using NasBench201 = ic::NasBench201<ic::LinearSkip>;

/// The paper's FairNAS blocks at a quarter of the width, for images of 64 pixels.
struct NarrowLayout {
  static constexpr std::int64_t stem_width = 16;
  static constexpr std::int64_t width = 8;
  static constexpr std::array<ic::ChainStage, 4> stages{
      {{8, 2, 2}, {16, 4, 2}, {24, 4, 1}, {48, 4, 2}}};
  static constexpr std::int64_t head_width = 320;
};
using FairNas = ic::FairNasNetwork<NarrowLayout>;

struct Data {
  at::Tensor images;
  at::Tensor labels;

  static Data random(std::int64_t batch, std::int64_t size, at::Device device = at::kCPU) {
    return {at::randn({batch, 3, size, size}).to(device), at::randint(10, {batch}).to(device)};
  }
};

using Step = std::function<void(std::size_t round)>;

struct Loop {
  template <class Net>
  explicit Loop(const Net& net) : sgd(ic::Sgd{}(*net)), step(net, sgd) {}
  torch::optim::SGD sgd;
  ic::PathStep step;
};

/// A super-network's step, as a loop of one's own has it, on the path `sample(0, round)`, in epoch
/// 0: `split<0>` is split.
template <class Network, class Policy, class Sample>
Step supernet_step(const Data& data, const typename Network::Options& options, Sample sample,
                   ic::Precision precision = ic::Precision::kFloat32) {
  const at::Device device = data.images.device();
  ic::Supernet<Network, Policy> net(options);
  net->to(device);
  const auto loop = std::make_shared<Loop>(net);
  loop->step.begin(0);
  ic::set_learning_rate(loop->sgd, 0.025);
  return [=, module = net.ptr()](std::size_t round) {
    loop->step([&](std::size_t, std::size_t) { return sample(0, round); },
               [&](const auto& path) {
                 const at::Tensor logits = ic::in_precision(
                     precision, device, [&] { return module->forward(data.images, path); });
                 return at::cross_entropy_loss(logits, data.labels);
               });
    if (device.is_cuda()) torch::cuda::synchronize();  // a step is over when the device is done
  };
}

/// The path that is compared with a network written by hand.
inline const ic::Architecture<Space> kStaticPath{3, 2, 3, 3, 2, 3};

/// The step of that network, with libtorch's own SGD.
inline Step static_step(const Data& data, const std::vector<std::int64_t>& cells,
                        ic::Precision precision = ic::Precision::kFloat32) {
  const at::Device device = data.images.device();
  const auto net =
      std::make_shared<StaticNetwork>(16, cells, std::array<std::int64_t, 6>{3, 1, 3, 3, 1, 3});
  net->to(device);
  const auto sgd = std::make_shared<torch::optim::SGD>(ic::Sgd{}(*net));
  ic::set_learning_rate(*sgd, 0.025);
  return [=](std::size_t) {
    net->zero_grad(/*set_to_none=*/false);
    const at::Tensor logits =
        ic::in_precision(precision, device, [&] { return net->forward(data.images); });
    at::cross_entropy_loss(logits, data.labels).backward();
    sgd->step();
    if (device.is_cuda()) torch::cuda::synchronize();
  };
}

}  // namespace benchmarks
