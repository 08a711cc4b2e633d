#pragma once

// A 1-D convolution network whose layers are choices: a super-network on sequences [N, C, T], of
// images of 8x8 pixels, read row by row.

#include <ATen/Functions.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <vector>

#include "interchoice/nn/adjusted_norm.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/sequence.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/spaces/chain.hpp"

namespace examples {

namespace ic = interchoice;

inline constexpr std::int64_t kWidth = 16;

using Layer = ic::Candidates<ic::ReluConvolution1dNorm<1>, ic::ReluConvolution1dNorm<3>,
                             ic::ReluConvolution1dNorm<5>, ic::ReluConvolution1dNorm<3, 2>,
                             ic::AveragePool1d, ic::Skip>;
using Reduction = ic::Candidates<ic::ReluConvolution1dNorm<1>, ic::ReluConvolution1dNorm<3>,
                                 ic::ReluConvolution1dNorm<5>>;  // doubles C, halves T
using SequenceSpace = ic::MixedChain<Layer, Layer, Reduction, Layer, Layer>;

/// The rows of an image as eight time steps of eight channels -> convolution -> layers ->
/// BatchNorm -> ReLU -> mean over time -> linear layer.
///
/// *Shapes*: x [N, 1, 8, 8] -> [N, 10].
template <class Policy>
struct SequenceNetImpl : torch::nn::Module {
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<SequenceSpace>& architecture) {
    at::Tensor y = stem(x.squeeze(1).transpose(1, 2));  // [N, 8, 8] -> [N, C, T]
    y = blocks->forward(y, architecture);
    return head(at::relu(ic::adjusted_norm(norm, y)).mean(2));
  }

  torch::nn::Conv1d stem =
      register_module("stem", torch::nn::Conv1d(torch::nn::Conv1dOptions(8, kWidth, 3).padding(1)));
  // The head's BatchNorm removes a constant per channel.
  ic::ChoiceBlocks<SequenceSpace, Policy> blocks = register_module(
      "blocks",
      ic::ChoiceBlocks<SequenceSpace, Policy>(
          std::vector<ic::Geometry>{{.channels = kWidth},
                                    {.channels = kWidth},
                                    {.channels = kWidth, .out_channels = 2 * kWidth, .stride = 2},
                                    {.channels = 2 * kWidth},
                                    {.channels = 2 * kWidth}},
          ic::Response::kRemoved));
  torch::nn::BatchNorm1d norm = register_module("norm", torch::nn::BatchNorm1d(2 * kWidth));
  torch::nn::Linear head = register_module("head", torch::nn::Linear(2 * kWidth, 10));
};

template <class Policy>
struct SequenceNet : torch::nn::ModuleHolder<SequenceNetImpl<Policy>> {
  using Space = SequenceSpace;
  using torch::nn::ModuleHolder<SequenceNetImpl<Policy>>::ModuleHolder;
};

}  // namespace examples
