#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "interchoice/nn/adjusted_norm.hpp"
#include "interchoice/nn/checked_geometry.hpp"
#include "interchoice/nn/cost.hpp"
#include "interchoice/nn/geometry.hpp"
#include "interchoice/nn/operations/detail/numbered_name.hpp"
#include "interchoice/nn/responses.hpp"

// Candidates for tokens [N, ..., C].

namespace interchoice {

namespace detail {

/// A base of operations y = x + branch(LN(x)) of tokens [N, ..., C].
struct TokenResidual {
  static constexpr Responses responses(const Geometry&) {
    return {.norm_shift = Response::kObserved, .norm_scale = Response::kObserved};
  }

  struct Residual : torch::nn::Module {
    explicit Residual(const Geometry& g)
        : norm(register_module("norm",
                               torch::nn::LayerNorm(torch::nn::LayerNormOptions({g.channels})))) {}

    at::Tensor forward(const at::Tensor& x) { return forward_adjusted(x, {}); }
    at::Tensor forward_adjusted(const at::Tensor& x, const NormAdjustment& adjustment) {
      return x + branch(adjusted_norm(norm, x, adjustment));
    }
    std::int64_t norm_channels() const { return norm->options.normalized_shape().back(); }

    torch::nn::LayerNorm norm;

   private:
    virtual at::Tensor branch(const at::Tensor& h) = 0;
  };

 protected:
  static void check(const Geometry& geometry, std::string_view name) {
    check_axis(geometry, ChannelAxis::kLast, name);
    check_keeps_shape(geometry, name, "change the shape between the blocks");
  }
};

}  // namespace detail

/// Multi-head self-attention of tokens behind a LayerNorm, plus the input.
///
///   h = LN(x);  [q k v] = W h;  y = x + P concat_i softmax(q_i k_i^T / sqrt(C / Heads)) v_i
///
/// `P` has a bias, `W` has none: in the keys it would be without effect, because softmax takes off
/// what all keys share. Candidates with other numbers of heads have weights of the same shapes.
///
/// *Shapes*: [N, T, C] -> [N, T, C], C a multiple of `Heads`. *Throws* c10::Error for another
/// geometry. *Source*: Vaswani et al. (NeurIPS 2017); before a LayerNorm as in Dosovitskiy et al.,
/// ViT (ICLR 2021).
template <std::int64_t Heads>
struct SelfAttention : detail::TokenResidual {
  static_assert(
      Heads >= 1 && Heads <= 99,
      "interchoice: SelfAttention<Heads> needs 1 to 99 heads; write an operation of your own "
      "for more");

 private:
  static constexpr detail::NumberedName name_{"attention_h", Heads};

 public:
  static constexpr std::string_view name = name_.text();
  static constexpr bool copied_by_state = true;

  /// With the products of queries and keys, and of weights and values, T * T * C each.
  static constexpr Cost cost(const Geometry& g, const SpatialSize& tokens) {
    const std::int64_t weights = 4 * g.channels * g.channels;
    const std::int64_t t = tokens.pixels();
    return {weights + 3 * g.channels, t * weights + 2 * t * t * g.channels};
  }

  /// The module that `build` makes.
  struct Module : Residual {
    explicit Module(const Geometry& g)
        : Residual(g),
          input(register_module(
              "input",
              torch::nn::Linear(torch::nn::LinearOptions(g.channels, 3 * g.channels).bias(false)))),
          output(register_module("output", torch::nn::Linear(g.channels, g.channels))) {}

    at::Tensor branch(const at::Tensor& h) override {
      const at::Tensor qkv = input(h)                            // [N, T, 3C]
                                 .unflatten(-1, {3, Heads, -1})  // [N, T, 3, Heads, d]
                                 .permute({2, 0, 3, 1, 4});      // [3, N, Heads, T, d]
      const at::Tensor y =
          at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);  // [N, Heads, T, d]
      return output(y.transpose(1, 2).flatten(2));
    }

    torch::nn::Linear input;
    torch::nn::Linear output;
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    check(geometry, name);
    TORCH_CHECK(geometry.channels % Heads == 0, "interchoice: ", name,
                " needs channels in multiples of ", Heads, ", got ", geometry.channels,
                "; change Geometry::channels or the number of heads");
    return std::make_shared<Module>(geometry);
  }
};

/// Two fully connected layers for each token behind a LayerNorm, plus the input.
///
///   y = x + W2 gelu(W1 LN(x) + b1) + b2      W1: C -> Ratio * C, W2: Ratio * C -> C
///
/// *Shapes*: [N, ..., C] -> [N, ..., C]. *Throws* c10::Error for another geometry. *Source*:
/// Dosovitskiy et al., ViT (ICLR 2021), with Ratio 4.
template <std::int64_t Ratio>
struct Mlp : detail::TokenResidual {
  static_assert(Ratio >= 1 && Ratio <= 99,
                "interchoice: Mlp<Ratio> needs a ratio from 1 to 99; write an operation of your "
                "own for others");

 private:
  static constexpr detail::NumberedName name_{"mlp_r", Ratio};

 public:
  static constexpr std::string_view name = name_.text();
  static constexpr bool copied_by_state = true;

  static constexpr Cost cost(const Geometry& g, const SpatialSize& tokens) {
    const std::int64_t weights = 2 * Ratio * g.channels * g.channels;
    return {weights + (Ratio + 3) * g.channels, tokens.pixels() * weights};
  }

  /// The module that `build` makes.
  struct Module : Residual {
    explicit Module(const Geometry& g)
        : Residual(g),
          expansion(
              register_module("expansion", torch::nn::Linear(g.channels, Ratio * g.channels))),
          projection(
              register_module("projection", torch::nn::Linear(Ratio * g.channels, g.channels))) {}

    at::Tensor branch(const at::Tensor& h) override { return projection(at::gelu(expansion(h))); }

    torch::nn::Linear expansion;
    torch::nn::Linear projection;
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    check(geometry, name);
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
struct TokenMlp : detail::TokenResidual {
  static_assert(Tokens >= 1,
                "interchoice: TokenMlp<Tokens> needs the number of tokens, at least 1; give the "
                "size of axis 1");
  static constexpr std::string_view name = "token_mlp";
  static constexpr bool copied_by_state = true;

  static constexpr Cost cost(const Geometry& g, const SpatialSize&) {
    const std::int64_t weights = 2 * Tokens * width(g);
    return {weights + width(g) + Tokens + 2 * g.channels, g.channels * weights};
  }

  /// The module that `build` makes.
  struct Module : Residual {
    explicit Module(const Geometry& g)
        : Residual(g),
          expansion(register_module("expansion", torch::nn::Linear(Tokens, width(g)))),
          projection(register_module("projection", torch::nn::Linear(width(g), Tokens))) {}

    at::Tensor branch(const at::Tensor& h) override {
      TORCH_CHECK(h.dim() == 3 && h.size(1) == Tokens, "interchoice: TokenMlp<", Tokens,
                  "> needs a tensor [N, ", Tokens, ", C], got ", h.sizes(),
                  "; give it the number of tokens that the network has here");
      return projection(at::gelu(expansion(h.transpose(1, 2)))).transpose(1, 2);  // from [N, C, T]
    }

    torch::nn::Linear expansion;
    torch::nn::Linear projection;
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    check(geometry, name);
    return std::make_shared<Module>(geometry);
  }

 private:
  static constexpr std::int64_t width(const Geometry& g) { return (g.channels + 1) / 2; }
};

}  // namespace interchoice
