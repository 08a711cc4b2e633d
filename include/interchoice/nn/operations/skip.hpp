#pragma once

#include <ATen/ops/mv.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>

#include <memory>
#include <string_view>

#include "interchoice/core/candidate.hpp"
#include "interchoice/nn/checked_geometry.hpp"
#include "interchoice/nn/cost.hpp"
#include "interchoice/nn/deferred_bias.hpp"
#include "interchoice/nn/geometry.hpp"
#include "interchoice/nn/precision.hpp"
#include "interchoice/nn/responses.hpp"

namespace interchoice {

/// y = x, for any kind of tensor. Not cloned; a context's vector is deferred to the sum that
/// follows.
struct Skip {
  static constexpr std::string_view name = "skip_connect";
  static constexpr CandidateKind kind = CandidateKind::kSkip;

  static constexpr Responses responses(const Geometry&) {
    return {.input_shift = Response::kPropagated, .keeps_zeros = true};
  }
  static constexpr Cost cost(const Geometry&, const SpatialSize&) { return {}; }

  /// The module that `build` makes.
  struct Module : torch::nn::Module {
    at::Tensor forward(const at::Tensor& x) { return x; }
    DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& vector) {
      return {x, vector};
    }
  };

  /// *Throws* c10::Error where the geometry changes the shape.
  std::shared_ptr<Module> build(const Geometry& geometry) const {
    check_keeps_shape(geometry, "Skip", "use LinearSkip");
    return std::make_shared<Module>();
  }
};

/// y = W x: a 1x1 convolution of images without bias, BatchNorm or activation in place of Skip.
///
/// *Source*: ScarletNAS; the reference's "LTs" primitives. Table 3's 782,938 parameters come out
/// only with it; the paper's text does not say so.
struct LinearSkip {
  static constexpr std::string_view name = "skip_connect";
  static constexpr CandidateKind kind = CandidateKind::kSkip;

  static constexpr Responses responses(const Geometry&) {
    return {.input_shift = Response::kPropagated, .keeps_zeros = true};
  }
  static constexpr Cost cost(const Geometry& g, const SpatialSize& input) {
    return convolution_cost({.channels = g.channels, .out_channels = g.out_channels},
                            input.reduced(g.stride));
  }

  /// The module that `build` makes.
  struct Module : torch::nn::Module {
    explicit Module(const Geometry& g)
        : convolution(register_module(
              "convolution",
              torch::nn::Conv2d(torch::nn::Conv2dOptions(g.channels, g.out_channels, 1)
                                    .stride(g.stride)
                                    .bias(false)))) {}
    at::Tensor forward(const at::Tensor& x) { return convolution->forward(x); }
    /// W (x + b) = W x + W b: the vector passes as a product of a matrix and a vector.
    DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& vector) {
      at::Tensor y = convolution->forward(x);
      if (!vector.defined()) return {y, vector};
      const detail::FullPrecision full;
      return {y, at::mv(convolution->weight.flatten(1), vector)};
    }
    torch::nn::Conv2d convolution;
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    check_axis(geometry, ChannelAxis::kSecond, "LinearSkip");
    return std::make_shared<Module>(geometry);
  }
};

}  // namespace interchoice
