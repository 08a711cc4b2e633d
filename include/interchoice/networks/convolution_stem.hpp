#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <cstdint>

#include "interchoice/nn/convolution_norm.hpp"
#include "interchoice/nn/cost.hpp"

namespace interchoice {

namespace detail {

/// The convolution of a shape, without bias, padded so that a stride of 1 keeps the size.
inline torch::nn::Conv2d convolution(const ConvolutionShape& shape, std::int64_t stride = 1) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(shape.channels, shape.out_channels, shape.kernel)
          .stride(stride)
          .padding(shape.kernel / 2)
          .groups(shape.groups)
          .bias(false));
}

}  // namespace detail

/// The stem of networks for small images: conv3x3 -> BN -> activation.
template <class Activation>
struct ConvolutionStem : torch::nn::Module {
  ConvolutionStem(std::int64_t input_channels, std::int64_t width)
      : convolution(
            register_module("convolution", detail::convolution(shape(input_channels, width)))),
        norm(register_module("norm", torch::nn::BatchNorm2d(width))) {}
  at::Tensor forward(const at::Tensor& x) {
    return convolution_norm_activation<Activation>(convolution, norm, x);
  }
  static constexpr Cost cost(std::int64_t input_channels, std::int64_t width,
                             const SpatialSize& input) {
    return convolution_cost(shape(input_channels, width), input) + norm_cost(width);
  }
  torch::nn::Conv2d convolution;
  torch::nn::BatchNorm2d norm;

 private:
  static constexpr ConvolutionShape shape(std::int64_t input_channels, std::int64_t width) {
    return {.channels = input_channels, .out_channels = width, .kernel = 3};
  }
};

}  // namespace interchoice
