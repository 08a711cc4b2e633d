#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/avg_pool1d.h>
#include <ATen/ops/relu.h>
#include <c10/util/Exception.h>
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
#include "interchoice/nn/deferred_bias.hpp"
#include "interchoice/nn/geometry.hpp"
#include "interchoice/nn/operations/detail/numbered_name.hpp"
#include "interchoice/nn/responses.hpp"

// Candidates for sequences [N, C, T].

namespace interchoice {

/// ReLU -> convolution over time (no bias, same padding) -> affine BatchNorm.
///
///   y = BN(W * relu(x))      W: [C', C, Kernel], its taps `Dilation` steps apart
///
/// Named after kernel and dilation: `conv1d_k3d1`.
///
/// *Shapes*: [N, C, T] -> [N, C', ceil(T / stride)]. *Source*: the candidates of NAS-Bench-201 over
/// time; dilation as in Bai et al., temporal convolutional networks (2018).
template <std::int64_t Kernel, std::int64_t Dilation = 1>
struct ReluConvolution1dNorm {
  static_assert(Kernel % 2 == 1 && Kernel >= 1 && Kernel <= 9 && Dilation >= 1 && Dilation <= 9,
                "interchoice: ReluConvolution1dNorm<Kernel, Dilation> needs an odd Kernel and a "
                "Dilation, both from 1 to 9; write an operation of your own for others");

 private:
  static constexpr detail::NumberedName name_{"conv1d_k", Kernel, "d", Dilation};

 public:
  static constexpr std::string_view name = name_.text();
  static constexpr CandidateKind kind = CandidateKind::kConvolution;
  static constexpr bool copied_by_state = true;

  static constexpr Responses responses(const Geometry&) {
    return {.norm_shift = Response::kPropagated, .norm_scale = Response::kObserved};
  }
  static constexpr Cost cost(const Geometry& g, const SpatialSize& input) {
    const std::int64_t weights = Kernel * g.channels * g.out_channels;
    return Cost{weights, weights * input.reduced(g.stride).pixels()} + norm_cost(g.out_channels);
  }

  /// The module that `build` makes.
  struct Module : torch::nn::Module {
    explicit Module(const Geometry& g)
        : convolution(register_module(
              "convolution",
              torch::nn::Conv1d(torch::nn::Conv1dOptions(g.channels, g.out_channels, Kernel)
                                    .stride(g.stride)
                                    .padding(Kernel / 2 * Dilation)
                                    .dilation(Dilation)
                                    .bias(false)))),
          norm(register_module("norm", torch::nn::BatchNorm1d(g.out_channels))) {}
    at::Tensor forward(const at::Tensor& x) { return forward_adjusted(x, {}); }
    at::Tensor forward_adjusted(const at::Tensor& x, const NormAdjustment& adjustment) {
      return convolution_norm(convolution, norm, at::relu(x), adjustment);
    }
    std::int64_t norm_channels() const { return norm->options.num_features(); }
    torch::nn::Conv1d convolution;
    torch::nn::BatchNorm1d norm;
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    check_axis(geometry, ChannelAxis::kSecond, name);
    return std::make_shared<Module>(geometry);
  }
};

/// Average of three time steps, padding left out; of the location's stride.
///
/// *Shapes*: [N, C, T] -> [N, C, ceil(T / stride)]. *Throws* c10::Error for a geometry that changes
/// the channels.
struct AveragePool1d {
  static constexpr std::string_view name = "avg_pool1d_3";
  static constexpr CandidateKind kind = CandidateKind::kPooling;

  static constexpr Responses responses(const Geometry&) {
    return {.input_shift = Response::kPropagated, .keeps_zeros = true};
  }
  static constexpr Cost cost(const Geometry&, const SpatialSize&) { return {}; }

  /// The module that `build` makes.
  struct Module : torch::nn::Module {
    explicit Module(const Geometry& g) : stride(g.stride) {}
    at::Tensor forward(const at::Tensor& x) {
      return at::avg_pool1d(x, {3}, {stride}, {1}, false, /*count_include_pad=*/false);
    }
    DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& vector) {
      return {forward(x), vector};
    }
    std::int64_t stride;
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    check_axis(geometry, ChannelAxis::kSecond, name);
    TORCH_CHECK(geometry.channels == geometry.out_channels,
                "interchoice: AveragePool1d needs equal channels, got ", geometry.channels, " -> ",
                geometry.out_channels, "; use a convolution where they change");
    return std::make_shared<Module>(geometry);
  }
};

}  // namespace interchoice
