#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/gelu.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "interchoice/nn/adjusted_norm.hpp"
#include "interchoice/nn/cost.hpp"
#include "interchoice/nn/geometry.hpp"
#include "interchoice/nn/operations/detail/checked_geometry.hpp"
#include "interchoice/nn/operations/detail/numbered_name.hpp"
#include "interchoice/nn/responses.hpp"

namespace interchoice {

/// Two fully connected layers for each token behind a LayerNorm, plus the input.
///
///   y = x + W2 gelu(W1 LN(x) + b1) + b2      W1: C -> Ratio * C, W2: Ratio * C -> C
///
/// *Shapes*: [N, ..., C] -> [N, ..., C]. *Throws* c10::Error for another geometry. *Source*:
/// Dosovitskiy et al., ViT (ICLR 2021), with Ratio 4.
template <std::int64_t Ratio>
struct Mlp {
  static_assert(Ratio >= 1 && Ratio <= 99,
                "interchoice: Mlp<Ratio> needs a ratio from 1 to 99; write an operation of your "
                "own for others");

 private:
  static constexpr detail::NumberedName name_{"mlp_r", Ratio};

 public:
  static constexpr std::string_view name = name_.text();

  static constexpr Responses responses(const Geometry&) {
    return {.norm_shift = Response::kObserved, .norm_scale = Response::kObserved};
  }
  static constexpr Cost cost(const Geometry& g, const SpatialSize& tokens) {
    const std::int64_t weights = 2 * Ratio * g.channels * g.channels;
    return {weights + (Ratio + 3) * g.channels, tokens.pixels() * weights};
  }

  struct Module : torch::nn::Module {
    explicit Module(const Geometry& g)
        : norm(register_module("norm",
                               torch::nn::LayerNorm(torch::nn::LayerNormOptions({g.channels})))),
          expansion(
              register_module("expansion", torch::nn::Linear(g.channels, Ratio * g.channels))),
          projection(
              register_module("projection", torch::nn::Linear(Ratio * g.channels, g.channels))) {}

    at::Tensor forward(const at::Tensor& x) { return forward_adjusted(x, {}); }
    at::Tensor forward_adjusted(const at::Tensor& x, const NormAdjustment& adjustment) {
      return x + projection(at::gelu(expansion(adjusted_norm(norm, x, adjustment))));
    }
    std::int64_t norm_channels() const { return expansion->options.in_features(); }

    torch::nn::LayerNorm norm;
    torch::nn::Linear expansion;
    torch::nn::Linear projection;
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    detail::check_axis(geometry, ChannelAxis::kLast, name);
    detail::check_keeps_shape(geometry, name, "change the shape between the blocks");
    return std::make_shared<Module>(geometry);
  }
};

/// Two fully connected layers that mix the tokens, the same for each channel, behind a LayerNorm,
/// plus the input.
///
///   y = x + (W2 gelu(W1 LN(x)^T + b1) + b2)^T      W1: T -> C / 2, W2: C / 2 -> T
///
/// The number of tokens T is a property of the network: `Tokens`.
///
/// *Shapes*: [N, Tokens, C] -> [N, Tokens, C]. *Throws* c10::Error for another geometry or number
/// of tokens. *Source*: Tolstikhin et al., MLP-Mixer (NeurIPS 2021); half as wide as the channels,
/// as in its Table 1.
template <std::int64_t Tokens>
struct TokenMlp {
  static_assert(Tokens >= 1,
                "interchoice: TokenMlp<Tokens> needs the number of tokens, at least 1; give the "
                "size of axis 1");
  static constexpr std::string_view name = "token_mlp";

  static constexpr Responses responses(const Geometry&) {
    return {.norm_shift = Response::kObserved, .norm_scale = Response::kObserved};
  }
  static constexpr Cost cost(const Geometry& g, const SpatialSize&) {
    const std::int64_t weights = 2 * Tokens * width(g);
    return {weights + width(g) + Tokens + 2 * g.channels, g.channels * weights};
  }

  struct Module : torch::nn::Module {
    explicit Module(const Geometry& g)
        : norm(register_module("norm",
                               torch::nn::LayerNorm(torch::nn::LayerNormOptions({g.channels})))),
          expansion(register_module("expansion", torch::nn::Linear(Tokens, width(g)))),
          projection(register_module("projection", torch::nn::Linear(width(g), Tokens))) {}

    at::Tensor forward(const at::Tensor& x) { return forward_adjusted(x, {}); }
    at::Tensor forward_adjusted(const at::Tensor& x, const NormAdjustment& adjustment) {
      TORCH_CHECK(x.dim() == 3 && x.size(1) == Tokens, "interchoice: TokenMlp<", Tokens,
                  "> needs a tensor [N, ", Tokens, ", C], got ", x.sizes(),
                  "; give it the number of tokens that the network has here");
      const at::Tensor h = adjusted_norm(norm, x, adjustment).transpose(1, 2);  // [N, C, T]
      return x + projection(at::gelu(expansion(h))).transpose(1, 2);
    }
    std::int64_t norm_channels() const { return norm->options.normalized_shape().back(); }

    torch::nn::LayerNorm norm;
    torch::nn::Linear expansion;
    torch::nn::Linear projection;
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    detail::check_axis(geometry, ChannelAxis::kLast, name);
    detail::check_keeps_shape(geometry, name, "change the shape between the blocks");
    return std::make_shared<Module>(geometry);
  }

 private:
  static constexpr std::int64_t width(const Geometry& g) { return (g.channels + 1) / 2; }
};

}  // namespace interchoice
