#pragma once

// A network with a space of a user's own, as a user writes it who wants the programs to know it.

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/pooling.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "interchoice/networks/chain_network.hpp"
#include "interchoice/nn/operations/relu_convolution_norm.hpp"
#include "interchoice/nn/operations/skip.hpp"

namespace own {

namespace ic = interchoice;
namespace nn = torch::nn;

struct Space
    : ic::Chain<3,
                ic::Candidates<ic::ReluConvolutionNorm<3>, ic::ReluConvolutionNorm<1>, ic::Skip>> {
  static constexpr std::string_view name = "own";
};

struct Skeleton {
  using Space = own::Space;
  struct Options {
    std::int64_t input_channels = 3;
    std::int64_t classes = 10;
    std::int64_t width = 4;

    static void for_each_field(auto& options, auto&& visit) {
      visit("input_channels", options.input_channels);
      visit("classes", options.classes);
      visit("width", options.width);
    }
  };
  static nn::Sequential stem(const Options& o) {
    return nn::Sequential(
        nn::Conv2d(nn::Conv2dOptions(o.input_channels, o.width, 3).padding(1).bias(false)));
  }
  static std::vector<ic::Geometry> geometries(const Options& o) {
    return std::vector<ic::Geometry>(3, {.channels = o.width});
  }
  static nn::Sequential head(const Options& o) {
    return nn::Sequential(nn::AdaptiveAvgPool2d(1), nn::Flatten(), nn::Linear(o.width, o.classes));
  }

  static constexpr std::int64_t stem_stride = 1;
  static constexpr ic::SpatialSize input_size{8, 8};
  static constexpr ic::Cost stem_cost(const Options& o, const ic::SpatialSize& input) {
    return ic::convolution_cost(
        {.channels = o.input_channels, .out_channels = o.width, .kernel = 3}, input);
  }
  static constexpr ic::Cost head_cost(const Options& o, const ic::SpatialSize&) {
    return ic::linear_cost({.inputs = o.width, .outputs = o.classes});
  }
};

using Network = ic::ChainNetwork<Skeleton>;

}  // namespace own
