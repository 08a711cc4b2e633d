#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/dropout.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>

#include "interchoice/networks/convolution_stem.hpp"
#include "interchoice/nn/convolution_norm.hpp"
#include "interchoice/nn/cost.hpp"

namespace interchoice {

/// The head of mobile networks: conv1x1 -> BN -> activation -> global average pool -> dropout ->
/// Linear.
template <class Activation>
struct PointwiseHead : torch::nn::Module {
  /// Its sizes.
  struct Options {
    std::int64_t channels = 1;
    std::int64_t width = 1;
    std::int64_t classes = 1;
    double dropout = 0;
  };
  explicit PointwiseHead(const Options& options)
      : dropout(options.dropout),
        convolution(register_module("convolution", detail::convolution(shape(options)))),
        norm(register_module("norm", torch::nn::BatchNorm2d(options.width))),
        linear(register_module("linear", torch::nn::Linear(options.width, options.classes))) {}
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor y = convolution_norm_activation<Activation>(convolution, norm, x).mean({2, 3});
    return linear->forward(at::dropout(y, dropout, is_training()));  // [N, classes]
  }
  static constexpr Cost cost(const Options& options, const SpatialSize& input) {
    return convolution_cost(shape(options), input) + norm_cost(options.width) +
           linear_cost({.inputs = options.width, .outputs = options.classes});
  }
  double dropout;
  torch::nn::Conv2d convolution;
  torch::nn::BatchNorm2d norm;
  torch::nn::Linear linear;

 private:
  static constexpr ConvolutionShape shape(const Options& options) {
    return {options.channels, options.width};
  }
};

}  // namespace interchoice
