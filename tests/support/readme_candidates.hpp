#pragma once

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>

#include <string_view>

#include "interchoice/nn/geometry.hpp"

namespace interchoice::testing {

/// The candidates of the README's program (docs/snippets/readme.cpp).
template <int Kernel>
struct ReluConvBn {
  static constexpr std::string_view name = Kernel == 3 ? "conv3x3" : "conv5x5";
  torch::nn::Sequential build(const Geometry& g) const {
    auto options = torch::nn::Conv2dOptions(g.channels, g.out_channels, Kernel).padding(Kernel / 2);
    return torch::nn::Sequential(torch::nn::ReLU(), torch::nn::Conv2d(options),
                                 torch::nn::BatchNorm2d(g.out_channels));
  }
};

}  // namespace interchoice::testing
