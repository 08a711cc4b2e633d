#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/relu.h>
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
#include "interchoice/nn/norm_activation.hpp"
#include "interchoice/nn/norm_adjustment.hpp"
#include "interchoice/nn/operations/detail/numbered_name.hpp"
#include "interchoice/nn/responses.hpp"

namespace interchoice {

/// The activation inside an `InvertedResidual`: a tag with `apply(y)`, which may overwrite y, and,
/// where a BatchNorm can compute it in its own pass, its `kind`.
struct relu6 {
  static constexpr NormActivation kind = NormActivation::kRelu6;
  /// min(max(y, 0), 6), in place.
  static at::Tensor apply(at::Tensor y) { return at::hardtanh_(y, 0, 6); }
};
/// The activation ReLU.
struct relu {
  static constexpr NormActivation kind = NormActivation::kRelu;
  /// max(y, 0), in place.
  static at::Tensor apply(at::Tensor y) { return at::relu_(y); }
};

/// MobileNetV2's block: 1x1 expansion -> BN -> activation -> depthwise k x k -> BN -> activation ->
/// 1x1 projection -> BN, plus the input where the shape stays.
///
///   h = a(BN1(E x));   h = a(BN2(D h));   y = BN3(P h) (+ x)      a: ReLU6, or ReLU
///
/// `E` makes `Expansion` * C channels; all BatchNorms are affine. Named after kernel and expansion:
/// `k3e3`.
///
/// A constant added to the input is removed by BN1, the residual only propagates it: `bias` changes
/// nothing here, `shift` and `affine` act behind BN1.
///
/// *Shapes*: [N, C, H, W] -> [N, C', ceil(H/stride), ceil(W/stride)]. *Cost*: activations and the
/// residual are written in place. *Source*: Sandler et al., MobileNetV2 (CVPR 2018).
template <std::int64_t Kernel, std::int64_t Expansion, class Activation = relu6>
struct InvertedResidual {
  static_assert(Kernel % 2 == 1 && Kernel >= 1 && Kernel <= 9,
                "interchoice: InvertedResidual<Kernel, Expansion> needs an odd Kernel from 1 to 9; "
                "write an operation of your own for others");
  static_assert(Expansion >= 1 && Expansion <= 9,
                "interchoice: InvertedResidual<Kernel, Expansion> needs an Expansion from 1 to 9; "
                "write an operation of your own for others");

 private:
  static constexpr detail::NumberedName name_{"k", Kernel, "e", Expansion};

 public:
  static constexpr std::string_view name = name_.text();
  static constexpr CandidateKind kind = CandidateKind::kConvolution;
  static constexpr bool copied_by_state = true;

  static constexpr Responses responses(const Geometry& g) {
    return {.input_shift = g.keeps_shape() ? Response::kPropagated : Response::kRemoved,
            .norm_shift = Response::kObserved,
            .norm_scale = Response::kObserved};
  }
  static constexpr Cost cost(const Geometry& g, const SpatialSize& input) {
    const std::int64_t width = Expansion * g.channels;
    const SpatialSize output = input.reduced(g.stride);
    return convolution_cost({.channels = g.channels, .out_channels = width}, input) +
           norm_cost(width) +
           convolution_cost(
               {.channels = width, .out_channels = width, .kernel = Kernel, .groups = width},
               output) +
           norm_cost(width) +
           convolution_cost({.channels = width, .out_channels = g.out_channels}, output) +
           norm_cost(g.out_channels);
  }

  /// The module that `build` makes.
  struct Module : torch::nn::Module {
    explicit Module(const Geometry& g)
        : expansion(register_module("expansion", pointwise(g.channels, Expansion * g.channels))),
          norm1(register_module("norm1", torch::nn::BatchNorm2d(Expansion * g.channels))),
          depthwise(register_module(
              "depthwise",
              torch::nn::Conv2d(
                  torch::nn::Conv2dOptions(Expansion * g.channels, Expansion * g.channels, Kernel)
                      .stride(g.stride)
                      .padding(Kernel / 2)
                      .groups(Expansion * g.channels)
                      .bias(false)))),
          norm2(register_module("norm2", torch::nn::BatchNorm2d(Expansion * g.channels))),
          projection(
              register_module("projection", pointwise(Expansion * g.channels, g.out_channels))),
          norm3(register_module("norm3", torch::nn::BatchNorm2d(g.out_channels))),
          has_residual(g.keeps_shape()) {}

    at::Tensor forward(const at::Tensor& x) { return forward_adjusted(x, {}); }
    // BatchNorm's derivative needs its input, not its output, so that the output may be changed.
    at::Tensor forward_adjusted(const at::Tensor& x, const NormAdjustment& adjustment) {
      at::Tensor h = convolution_norm_activation<Activation>(expansion, norm1, x, adjustment);
      h = convolution_norm_activation<Activation>(depthwise, norm2, h);  // [N, E*C, H', W']
      at::Tensor y = convolution_norm(projection, norm3, h);             // [N, C', H', W']
      return has_residual ? y.add_(x) : y;
    }
    std::int64_t norm_channels() const { return norm1->options.num_features(); }

    torch::nn::Conv2d expansion;
    torch::nn::BatchNorm2d norm1;
    torch::nn::Conv2d depthwise;
    torch::nn::BatchNorm2d norm2;
    torch::nn::Conv2d projection;
    torch::nn::BatchNorm2d norm3;
    bool has_residual;

   private:
    static torch::nn::Conv2d pointwise(std::int64_t channels, std::int64_t out_channels) {
      return torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, out_channels, 1).bias(false));
    }
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    check_axis(geometry, ChannelAxis::kSecond, "InvertedResidual");
    return std::make_shared<Module>(geometry);
  }
};

}  // namespace interchoice
