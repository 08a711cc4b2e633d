#pragma once

#include <ATen/core/Generator.h>
#include <c10/core/GradMode.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "interchoice/networks/chain_network.hpp"
#include "interchoice/networks/convolution_stem.hpp"
#include "interchoice/networks/pointwise_head.hpp"
#include "interchoice/nn/convolution_norm.hpp"
#include "interchoice/nn/operations/inverted_residual.hpp"
#include "interchoice/spaces/fairnas.hpp"

namespace interchoice {

/// The sizes of a FairNAS network. The defaults are those of the paper's super-network on
/// SubImageNet; its evaluation networks have a dropout of 0.2.
struct FairNasOptions {
  std::int64_t input_channels = 3;
  std::int64_t classes = 100;
  /// Multiplies the layout's channels, rounded to multiples of 8 (see `fairnas::scaled_width`).
  double width_multiplier = 1;
  /// Probability with which an input of the linear layer is dropped in training mode.
  double dropout = 0;

  static void for_each_field(auto& options, auto&& visit) {
    visit("input_channels", options.input_channels);
    visit("classes", options.classes);
    visit("width_multiplier", options.width_multiplier);
    visit("dropout", options.dropout);
  }
};

/// Sets FairNAS' initial weights in everything below a module:
///
///   convolution  N(0, sqrt(2 / (k * k * C_out)))      not divided by the groups
///   BatchNorm    scale 1, shift 0
///   linear       U(-1/sqrt(C_out), 1/sqrt(C_out)), bias 0
///
/// Other parameters stay. The numbers come from `generator`, by default libtorch's own (see
/// `torch::manual_seed`), module by module in registration order. *Source*: the reference's
/// FairNasInitializer.
inline void initialise_fairnas(torch::nn::Module& network,
                               const std::optional<at::Generator>& generator = {}) {
  const c10::NoGradGuard no_grad;
  const auto set = [&](torch::nn::Module& module) {
    if (auto* convolution = module.as<torch::nn::Conv2dImpl>()) {
      const at::Tensor& w = convolution->weight;
      const auto fan_out = static_cast<double>(w.size(0) * w.size(2) * w.size(3));
      w.normal_(0, std::sqrt(2 / fan_out), generator);
      if (convolution->bias.defined()) convolution->bias.zero_();
    } else if (auto* norm = module.as<torch::nn::BatchNorm2dImpl>()) {
      if (norm->weight.defined()) norm->weight.fill_(1);
      if (norm->bias.defined()) norm->bias.zero_();
    } else if (auto* linear = module.as<torch::nn::LinearImpl>()) {
      const double range = 1 / std::sqrt(static_cast<double>(linear->weight.size(0)));
      linear->weight.uniform_(-range, range, generator);
      if (linear->bias.defined()) linear->bias.zero_();
    }
  };
  set(network);
  for (const auto& module : network.modules(/*include_self=*/false)) set(*module);
}

namespace fairnas {

/// A layout's channels times a multiplier: the nearest multiple of 8, but at least 8 and not below
/// nine tenths of the product. A multiplier of 1 changes nothing.
///
/// *Source*: MobileNetV2's width multiplier.
constexpr std::int64_t scaled_width(std::int64_t width, double multiplier) {
  if (multiplier == 1) return width;
  const double product = static_cast<double>(width) * multiplier;
  const std::int64_t nearest = static_cast<std::int64_t>(product + 4) / 8 * 8;
  const std::int64_t rounded = nearest < 8 ? 8 : nearest;
  return static_cast<double>(rounded) < 0.9 * product ? rounded + 8 : rounded;
}

/// The paper's network, behind the numbers of its Table 4. A layout of one's own for smaller
/// versions is a struct with these members: `FairNasNetwork<MyLayout>`.
struct PaperLayout {
  static constexpr std::int64_t stem_width = 32;
  static constexpr std::int64_t width = 16;  ///< channels into the first block
  static constexpr std::array<ChainStage, 6> stages{{{.width = 32, .blocks = 2, .stride = 2},
                                                     {.width = 40, .blocks = 4, .stride = 2},
                                                     {.width = 80, .blocks = 4, .stride = 2},
                                                     {.width = 96, .blocks = 4, .stride = 1},
                                                     {.width = 192, .blocks = 4, .stride = 2},
                                                     {.width = 320, .blocks = 1, .stride = 1}}};
  static constexpr std::int64_t head_width = 1280;
};

/// conv3x3, stride 2 -> BN -> ReLU6 -> depthwise 3x3 -> BN -> ReLU6 -> conv1x1 -> BN.
struct Stem : torch::nn::Module {
  Stem(std::int64_t input_channels, const Geometry& g)
      : convolution(register_module(
            "convolution", detail::convolution(shapes(input_channels, g)[0], /*stride=*/2))),
        norm1(register_module("norm1", torch::nn::BatchNorm2d(g.channels))),
        depthwise(register_module("depthwise", detail::convolution(shapes(input_channels, g)[1]))),
        norm2(register_module("norm2", torch::nn::BatchNorm2d(g.channels))),
        projection(
            register_module("projection", detail::convolution(shapes(input_channels, g)[2]))),
        norm3(register_module("norm3", torch::nn::BatchNorm2d(g.out_channels))) {}
  /// Its three convolutions.
  static constexpr std::array<ConvolutionShape, 3> shapes(std::int64_t input_channels,
                                                          const Geometry& g) {
    return {{{input_channels, g.channels, 3},
             {g.channels, g.channels, 3, /*groups=*/g.channels},
             {g.channels, g.out_channels}}};
  }
  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = convolution_norm_activation<relu6>(convolution, norm1, x);
    y = convolution_norm_activation<relu6>(depthwise, norm2, y);
    return convolution_norm(projection, norm3, y);
  }
  torch::nn::Conv2d convolution;
  torch::nn::BatchNorm2d norm1;
  torch::nn::Conv2d depthwise;
  torch::nn::BatchNorm2d norm2;
  torch::nn::Conv2d projection;
  torch::nn::BatchNorm2d norm3;
};

/// The skeleton of a layout: see `ChainNetwork`.
template <class Layout>
struct Skeleton {
  using Space = FairNasChain<block_count(Layout::stages)>;
  using Options = FairNasOptions;
  using Operations =
      Candidates<InvertedResidual<3, 3>, InvertedResidual<5, 3>, InvertedResidual<7, 3>,
                 InvertedResidual<3, 6>, InvertedResidual<5, 6>, InvertedResidual<7, 6>>;
  using Head = PointwiseHead<relu6>;
  static_assert(Operations::names == BlockCandidates::names);

  static constexpr Response head_response = Response::kRemoved;
  static constexpr SpatialSize input_size{224, 224};
  static constexpr std::int64_t stem_stride = 2;
  static constexpr Geometry stem_geometry(const Options& o) {
    return {scaled_width(Layout::stem_width, o.width_multiplier),
            scaled_width(Layout::width, o.width_multiplier)};
  }

  static void check(const Options& o) {
    TORCH_CHECK(o.input_channels >= 1 && o.classes >= 1,
                "interchoice: FairNasOptions need input_channels and classes of at least 1, got ",
                o.input_channels, ", ", o.classes);
    TORCH_CHECK(o.dropout >= 0 && o.dropout < 1,
                "interchoice: FairNasOptions::dropout needs a probability from 0 to below 1, got ",
                o.dropout);
    TORCH_CHECK(
        o.width_multiplier > 0 && o.width_multiplier <= 16,
        "interchoice: FairNasOptions::width_multiplier needs a number above 0 and up to 16, "
        "got ",
        o.width_multiplier);
  }
  static std::shared_ptr<Stem> stem(const Options& o) {
    return std::make_shared<Stem>(o.input_channels, stem_geometry(o));
  }
  static constexpr auto geometries(const Options& o) {
    auto stages = Layout::stages;
    for (ChainStage& stage : stages) stage.width = scaled_width(stage.width, o.width_multiplier);
    return stage_geometries<Space::choice_count>(stem_geometry(o).out_channels, stages);
  }
  static std::shared_ptr<Head> head(const Options& o) {
    return std::make_shared<Head>(head_options(o));
  }
  static void initialise(torch::nn::Module& network, const Options&) {
    initialise_fairnas(network);
  }

  static constexpr Cost stem_cost(const Options& o, const SpatialSize& input) {
    const Geometry g = stem_geometry(o);
    Cost cost = norm_cost(2 * g.channels + g.out_channels);
    for (const ConvolutionShape& shape : Stem::shapes(o.input_channels, g)) {
      cost += convolution_cost(shape, input.reduced(stem_stride));
    }
    return cost;
  }
  static constexpr Cost head_cost(const Options& o, const SpatialSize& input) {
    return Head::cost(head_options(o), input);
  }

 private:
  static constexpr typename Head::Options head_options(const Options& o) {
    return {.channels = scaled_width(Layout::stages.back().width, o.width_multiplier),
            .width = scaled_width(Layout::head_width, o.width_multiplier),
            .classes = o.classes,
            .dropout = o.dropout};
  }
};

}  // namespace fairnas

/// A network of FairNAS' blocks in a layout of one's own.
template <class Layout>
struct FairNasNetwork : ChainNetwork<fairnas::Skeleton<Layout>> {};

/// The super-network of FairNAS: stem, nineteen choices of six MobileNetV2 blocks, head.
/// 14,839,700 parameters with 100 classes; one path has 2,036,180 to 3,937,124.
///
/// In this network `bias` is inert (see docs/method.md); `shift` and `affine` are not.
///
/// *Shapes*: x [N, input_channels, H, W] -> [N, classes]. *Source*: Chu et al., FairNAS (ICCV
/// 2021); paper section 3.1.2, Table 4.
using FairNas = FairNasNetwork<fairnas::PaperLayout>;

}  // namespace interchoice
