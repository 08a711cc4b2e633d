#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <memory>
#include <string_view>

#include "interchoice/core/candidate.hpp"
#include "interchoice/nn/along_channels.hpp"
#include "interchoice/nn/checked_geometry.hpp"
#include "interchoice/nn/convolution_norm.hpp"
#include "interchoice/nn/cost.hpp"
#include "interchoice/nn/deferred_bias.hpp"
#include "interchoice/nn/geometry.hpp"
#include "interchoice/nn/norm_adjustment.hpp"
#include "interchoice/nn/responses.hpp"

namespace interchoice {

/// y = x where the shape stays, else y = BN(W x) with a 1x1 convolution W of images, of the
/// location's stride.
///
/// *Source*: the identity of NAS-Bench-Macro (Su et al., CVPR 2021).
struct ProjectedSkip {
  static constexpr std::string_view name = "identity";
  static constexpr CandidateKind kind = CandidateKind::kSkip;
  static constexpr bool copied_by_state = true;

  static constexpr Responses responses(const Geometry& g) {
    if (g.keeps_shape()) return {.input_shift = Response::kPropagated, .keeps_zeros = true};
    return {.input_shift = Response::kRemoved,
            .norm_shift = Response::kPropagated,
            .norm_scale = Response::kObserved};
  }
  static constexpr Cost cost(const Geometry& g, const SpatialSize& input) {
    if (g.keeps_shape()) return {};
    return convolution_cost({.channels = g.channels, .out_channels = g.out_channels},
                            input.reduced(g.stride)) +
           norm_cost(g.out_channels);
  }

  /// The module that `build` makes.
  struct Module : torch::nn::Module {
    explicit Module(const Geometry& g) {
      if (g.keeps_shape()) return;
      convolution = register_module(
          "convolution", torch::nn::Conv2d(torch::nn::Conv2dOptions(g.channels, g.out_channels, 1)
                                               .stride(g.stride)
                                               .bias(false)));
      norm = register_module("norm", torch::nn::BatchNorm2d(g.out_channels));
    }
    at::Tensor forward(const at::Tensor& x) { return forward_adjusted(x, {}); }
    at::Tensor forward_adjusted(const at::Tensor& x, const NormAdjustment& adjustment) {
      return norm ? convolution_norm(convolution, norm, x, adjustment) : x;
    }
    DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& vector) {
      if (!norm) return {x, vector};
      return {forward(vector.defined() ? x + along_channels(vector, x) : x), {}};
    }
    /// 0 where there is no BatchNorm to adjust.
    std::int64_t norm_channels() const { return norm ? norm->options.num_features() : 0; }

    torch::nn::Conv2d convolution{nullptr};
    torch::nn::BatchNorm2d norm{nullptr};
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    check_axis(geometry, ChannelAxis::kSecond, "ProjectedSkip");
    return std::make_shared<Module>(geometry);
  }
};

}  // namespace interchoice
