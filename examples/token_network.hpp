#pragma once

// A small vision transformer whose attention and MLPs are choices: a super-network on tokens
// [N, T, C], of images of 8x8 pixels.

#include <ATen/core/Tensor.h>
#include <ATen/ops/randn.h>
#include <c10/util/Exception.h>
#include <torch/nn/modules/container/functional.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <cstdint>

#include "interchoice/networks/chain_network.hpp"
#include "interchoice/networks/supernet.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/nn/operations/tokens.hpp"
#include "interchoice/spaces/chain.hpp"

namespace examples {

namespace ic = interchoice;

inline constexpr std::int64_t kImageSize = 8;                    // pixels
inline constexpr std::int64_t kPatch = 2;                        // pixels
inline constexpr std::int64_t kTokenRows = kImageSize / kPatch;  // of tokens
inline constexpr std::int64_t kTokens = kTokenRows * kTokenRows;

using Mixers = ic::Candidates<ic::SelfAttention<1>, ic::SelfAttention<2>, ic::SelfAttention<4>,
                              ic::TokenMlp<kTokens>, ic::Skip>;
using Mlps = ic::Candidates<ic::Mlp<1>, ic::Mlp<2>, ic::Mlp<4>, ic::Skip>;
using TokenSpace = ic::MixedChain<Mixers, Mlps, Mixers, Mlps, Mixers, Mlps>;

/// Patches of 2x2 pixels as tokens: a linear embedding of each, plus its position's vector.
///
/// *Shapes*: x [N, channels, 8, 8] -> [N, 16, width].
struct TokenEmbeddingImpl : torch::nn::Module {
  TokenEmbeddingImpl(std::int64_t channels, std::int64_t width)
      : embedding(
            register_module("embedding", torch::nn::Linear(channels * kPatch * kPatch, width))),
        positions(register_parameter("positions", 0.02 * at::randn({kTokens, width}))) {}

  at::Tensor forward(const at::Tensor& x) {
    TORCH_CHECK(x.dim() == 4 && x.size(2) == kImageSize && x.size(3) == kImageSize,
                "the network of tokens needs images of ", kImageSize, "x", kImageSize,
                " pixels, got ", x.sizes());
    // The batch as -1: a trace for TorchScript would keep its size.
    const at::Tensor patches = x.reshape({-1, x.size(1), kTokenRows, kPatch, kTokenRows, kPatch})
                                   .permute({0, 2, 4, 1, 3, 5})
                                   .reshape({-1, kTokens, x.size(1) * kPatch * kPatch});
    return embedding(patches) + positions;
  }

  torch::nn::Linear embedding;
  at::Tensor positions;
};
TORCH_MODULE(TokenEmbedding);

/// Embedding -> mixers and MLPs in turn -> LayerNorm -> mean of the tokens -> linear layer.
struct TokenSkeleton {
  using Space = TokenSpace;
  struct Options {
    std::int64_t input_channels = 1;
    std::int64_t classes = 10;
    std::int64_t width = 32;  ///< channels of a token, a multiple of the most heads

    static void for_each_field(auto& options, auto&& visit) {
      visit("input_channels", options.input_channels);
      visit("classes", options.classes);
      visit("width", options.width);
    }
  };

  static TokenEmbedding stem(const Options& o) { return TokenEmbedding(o.input_channels, o.width); }
  static constexpr std::array<ic::Geometry, Space::choice_count> geometries(const Options& o) {
    std::array<ic::Geometry, Space::choice_count> all;
    all.fill({.channels = o.width, .axis = ic::ChannelAxis::kLast});
    return all;
  }
  static torch::nn::Sequential head(const Options& o) {
    const auto mean = [](const at::Tensor& x) { return x.mean(1); };
    return torch::nn::Sequential(torch::nn::LayerNorm(torch::nn::LayerNormOptions({o.width})),
                                 torch::nn::Functional(mean),
                                 torch::nn::Linear(o.width, o.classes));
  }

  static constexpr std::int64_t stem_stride = kPatch;
  static constexpr ic::SpatialSize input_size{kImageSize, kImageSize};
  static constexpr ic::Cost stem_cost(const Options& o, const ic::SpatialSize&) {
    const ic::Cost token =
        ic::linear_cost({.inputs = o.input_channels * kPatch * kPatch, .outputs = o.width});
    return {token.parameters + kTokens * o.width, kTokens * token.macs};
  }
  static constexpr ic::Cost head_cost(const Options& o, const ic::SpatialSize&) {
    return ic::norm_cost(o.width) + ic::linear_cost({.inputs = o.width, .outputs = o.classes});
  }
};

using TokenNetwork = ic::ChainNetwork<TokenSkeleton>;

/// *Shapes*: x [N, channels, 8, 8] -> [N, classes].
template <class Policy>
using TokenNet = ic::Supernet<TokenNetwork, Policy>;

}  // namespace examples
