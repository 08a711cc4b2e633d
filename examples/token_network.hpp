#pragma once

// A small vision transformer whose attention and MLPs are choices: a super-network on tokens
// [N, T, C], of images of 8x8 pixels.

#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>

#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/nn/operations/tokens.hpp"
#include "interchoice/spaces/chain.hpp"

namespace examples {

namespace ic = interchoice;

inline constexpr std::int64_t kTokens = 16;  // patches of 2x2 pixels
inline constexpr std::int64_t kChannels = 32;

using Mixers = ic::Candidates<ic::SelfAttention<1>, ic::SelfAttention<2>, ic::SelfAttention<4>,
                              ic::TokenMlp<kTokens>, ic::Skip>;
using Mlps = ic::Candidates<ic::Mlp<1>, ic::Mlp<2>, ic::Mlp<4>, ic::Skip>;
using TokenSpace = ic::MixedChain<Mixers, Mlps, Mixers, Mlps, Mixers, Mlps>;

/// Patches -> linear embedding + positions -> mixers and MLPs in turn -> LayerNorm -> mean of the
/// tokens -> linear layer.
///
/// *Shapes*: x [N, 1, 8, 8] -> [N, 10].
template <class Policy>
struct TokenNetImpl : torch::nn::Module {
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<TokenSpace>& architecture) {
    at::Tensor y = x.view({-1, 4, 2, 4, 2}).transpose(2, 3).reshape({-1, kTokens, 4});
    y = embedding(y) + positions;  // [N, T, C]
    y = blocks->forward(y, architecture);
    return head(norm(y).mean(1));
  }

  torch::nn::Linear embedding = register_module("embedding", torch::nn::Linear(4, kChannels));
  at::Tensor positions = register_parameter("positions", 0.02 * torch::randn({kTokens, kChannels}));
  ic::ChoiceBlocks<TokenSpace, Policy> blocks =
      register_module("blocks", ic::ChoiceBlocks<TokenSpace, Policy>(ic::Geometry{
                                    .channels = kChannels, .axis = ic::ChannelAxis::kLast}));
  torch::nn::LayerNorm norm =
      register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({kChannels})));
  torch::nn::Linear head = register_module("head", torch::nn::Linear(kChannels, 10));
};

template <class Policy>
struct TokenNet : torch::nn::ModuleHolder<TokenNetImpl<Policy>> {
  using Space = TokenSpace;
  using torch::nn::ModuleHolder<TokenNetImpl<Policy>>::ModuleHolder;
};

}  // namespace examples
