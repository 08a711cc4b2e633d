#pragma once

// A super-network that trains in milliseconds, and data for it that need no file.

#include <ATen/Functions.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/pooling.h>

#include <cstdint>
#include <vector>

#include "interchoice/data/batches.hpp"
#include "interchoice/networks/chain_network.hpp"
#include "interchoice/networks/supernet.hpp"
#include "interchoice/nn/operations/relu_convolution_norm.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/spaces/chain.hpp"

namespace interchoice::testing {

/// Three choices of three candidates on images of 4x4 pixels.
struct TinySkeleton {
  using Space =
      Chain<3, Candidates<ReluConvolutionNorm<3, true>, ReluConvolutionNorm<1, true>, Skip>>;
  struct Options {
    std::int64_t width = 4;
    static void for_each_field(auto& options, auto&& visit) { visit("width", options.width); }
  };
  static torch::nn::Sequential stem(const Options& o) {
    return torch::nn::Sequential(
        torch::nn::Conv2d(torch::nn::Conv2dOptions(1, o.width, 3).padding(1).bias(false)),
        torch::nn::BatchNorm2d(o.width));
  }
  static std::vector<Geometry> geometries(const Options& o) {
    return std::vector<Geometry>(3, Geometry{.channels = o.width, .out_channels = o.width});
  }
  static torch::nn::Sequential head(const Options& o) {
    return torch::nn::Sequential(torch::nn::AdaptiveAvgPool2d(1), torch::nn::Flatten(),
                                 torch::nn::Linear(o.width, 3));
  }
};

template <class Policy>
using TinyNet = Supernet<ChainNetwork<TinySkeleton>, Policy>;

/// Images of three classes, of which each is another; three batches.
inline Batches tiny_batches(std::int64_t count = 24, std::int64_t side = 4) {
  const at::Tensor numbers = at::arange(count * side * side, at::kLong);
  return {{.images = numbers.mul(2654435761)
                         .bitwise_right_shift(11)
                         .remainder(256)
                         .to(at::kByte)
                         .view({count, 1, side, side}),
           .labels = at::arange(count, at::kLong).remainder(3),
           .classes = 3},
          {.batch_size = count / 3,
           .normalisation = {.mean = {0.5}, .standard_deviation = {0.25}},
           .augmentation = {.shift = 1},
           .seed = Seed{3}}};
}

}  // namespace interchoice::testing
