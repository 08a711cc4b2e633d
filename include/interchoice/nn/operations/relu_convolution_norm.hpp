#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "interchoice/core/candidate.hpp"
#include "interchoice/nn/checked_geometry.hpp"
#include "interchoice/nn/convolution_norm.hpp"
#include "interchoice/nn/cost.hpp"
#include "interchoice/nn/geometry.hpp"
#include "interchoice/nn/kernels/vector_relu.hpp"
#include "interchoice/nn/norm_adjustment.hpp"
#include "interchoice/nn/responses.hpp"

namespace interchoice {

/// ReLU -> convolution (no bias, same padding) -> BatchNorm, of images.
///
///   y = BN(W * relu(x))
///
/// NAS-Bench-201's super-network has no affine BatchNorm here, the benchmark's own networks have.
template <std::int64_t Kernel, bool Affine = false>
struct ReluConvolutionNorm {
  static_assert(Kernel == 1 || Kernel == 3,
                "interchoice: ReluConvolutionNorm<Kernel> is named for kernels 1 and 3; write an "
                "operation of your own for others");
  static constexpr std::string_view name = Kernel == 1 ? "nor_conv_1x1" : "nor_conv_3x3";
  static constexpr CandidateKind kind = CandidateKind::kConvolution;
  static constexpr bool copied_by_state = true;

  static constexpr Responses responses(const Geometry&) {
    return {.norm_shift = Response::kPropagated, .norm_scale = Response::kObserved};
  }
  static constexpr Cost cost(const Geometry& g, const SpatialSize& input) {
    const Cost convolution =
        convolution_cost({.channels = g.channels, .out_channels = g.out_channels, .kernel = Kernel},
                         input.reduced(g.stride));
    return convolution + norm_cost(Affine ? g.out_channels : 0);
  }

  /// The module that `build` makes.
  struct Module : torch::nn::Module {
    explicit Module(const Geometry& g)
        : convolution(register_module(
              "convolution",
              torch::nn::Conv2d(torch::nn::Conv2dOptions(g.channels, g.out_channels, Kernel)
                                    .stride(g.stride)
                                    .padding(Kernel / 2)
                                    .bias(false)))),
          norm(register_module(
              "norm", torch::nn::BatchNorm2d(
                          torch::nn::BatchNorm2dOptions(g.out_channels).affine(Affine)))) {}
    at::Tensor forward(const at::Tensor& x) { return forward_adjusted(x, {}); }
    at::Tensor forward_biased(const at::Tensor& x, const at::Tensor& vector) {
      return convolution_norm(convolution, norm, vector_relu(x, vector));
    }
    at::Tensor forward_adjusted(const at::Tensor& x, const NormAdjustment& adjustment) {
      return convolution_norm(convolution, norm, vector_relu(x, {}), adjustment);
    }
    std::int64_t norm_channels() const { return norm->options.num_features(); }
    torch::nn::Conv2d convolution;
    torch::nn::BatchNorm2d norm;
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    check_axis(geometry, ChannelAxis::kSecond, "ReluConvolutionNorm");
    return std::make_shared<Module>(geometry);
  }
};

}  // namespace interchoice
