#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/scaled_dot_product_attention.h>
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
struct SelfAttention {
  static_assert(
      Heads >= 1 && Heads <= 99,
      "interchoice: SelfAttention<Heads> needs 1 to 99 heads; write an operation of your own "
      "for more");

 private:
  static constexpr detail::NumberedName name_{"attention_h", Heads};

 public:
  static constexpr std::string_view name = name_.text();

  static constexpr Responses responses(const Geometry&) {
    return {.norm_shift = Response::kObserved, .norm_scale = Response::kObserved};
  }
  /// With the products of queries and keys, and of weights and values, T * T * C each.
  static constexpr Cost cost(const Geometry& g, const SpatialSize& tokens) {
    const std::int64_t weights = 4 * g.channels * g.channels;
    const std::int64_t t = tokens.pixels();
    return {weights + 3 * g.channels, t * weights + 2 * t * t * g.channels};
  }

  struct Module : torch::nn::Module {
    explicit Module(const Geometry& g)
        : norm(register_module("norm",
                               torch::nn::LayerNorm(torch::nn::LayerNormOptions({g.channels})))),
          input(register_module(
              "input",
              torch::nn::Linear(torch::nn::LinearOptions(g.channels, 3 * g.channels).bias(false)))),
          output(register_module("output", torch::nn::Linear(g.channels, g.channels))) {}

    at::Tensor forward(const at::Tensor& x) { return forward_adjusted(x, {}); }
    at::Tensor forward_adjusted(const at::Tensor& x, const NormAdjustment& adjustment) {
      const at::Tensor h = input(adjusted_norm(norm, x, adjustment))  // [N, T, 3C]
                               .unflatten(-1, {3, Heads, -1})         // [N, T, 3, Heads, d]
                               .permute({2, 0, 3, 1, 4});             // [3, N, Heads, T, d]
      const at::Tensor y = at::scaled_dot_product_attention(h[0], h[1], h[2]);  // [N, Heads, T, d]
      return x + output(y.transpose(1, 2).flatten(2));
    }
    std::int64_t norm_channels() const { return output->options.in_features(); }

    torch::nn::LayerNorm norm;
    torch::nn::Linear input;
    torch::nn::Linear output;
  };

  std::shared_ptr<Module> build(const Geometry& geometry) const {
    detail::check_axis(geometry, ChannelAxis::kLast, name);
    detail::check_keeps_shape(geometry, name, "change the shape between the blocks");
    TORCH_CHECK(geometry.channels % Heads == 0, "interchoice: ", name,
                " needs channels in multiples of ", Heads, ", got ", geometry.channels,
                "; change Geometry::channels or the number of heads");
    return std::make_shared<Module>(geometry);
  }
};

}  // namespace interchoice
