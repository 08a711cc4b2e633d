#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "interchoice/networks/cell_network.hpp"
#include "interchoice/networks/convolution_stem.hpp"
#include "interchoice/nn/convolution_norm.hpp"
#include "interchoice/nn/kernels/average_pool.hpp"
#include "interchoice/nn/kernels/vector_relu.hpp"
#include "interchoice/nn/operations/average_pool.hpp"
#include "interchoice/nn/operations/relu_convolution_norm.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/nn/operations/zero.hpp"
#include "interchoice/spaces/nasbench201.hpp"

namespace interchoice {

/// The sizes of a NAS-Bench-201 network. The defaults are those of the paper's super-network on
/// CIFAR-10; the benchmark's own networks have `NasBench201Benchmark::default_options()`.
struct NasBench201Options {
  std::int64_t input_channels = 3;
  std::int64_t classes = 10;
  /// Channels of the first stage; doubled by each reduction.
  std::int64_t width = 16;
  /// Cells of each stage; reductions stand between stages.
  std::vector<std::int64_t> cells_per_stage = {2, 2, 2};

  static void for_each_field(auto& options, auto&& visit) {
    visit("input_channels", options.input_channels);
    visit("classes", options.classes);
    visit("width", options.width);
    visit("cells_per_stage", options.cells_per_stage);
  }
};

namespace nasbench201 {

/// No activation: the stem ends with its BatchNorm.
struct NoActivation {
  static at::Tensor apply(const at::Tensor& x) { return x; }
};
/// conv3x3 -> BN.
using Stem = ConvolutionStem<NoActivation>;

/// ReLU -> conv3x3, stride 2 -> BN -> ReLU -> conv3x3 -> BN, plus average pool 2x2 -> conv1x1.
///
/// *Shapes*: [N, C, H, W] -> [N, 2C, ceil(H/2), ceil(W/2)]. The shortcut's pool needs even H, W; at
/// odd sizes the last row and column are pooled alone.
struct Reduction : torch::nn::Module {
  /// The convolution that halves the map, of c channels.
  static constexpr ConvolutionShape first(std::int64_t c) {
    return {.channels = c, .out_channels = 2 * c, .kernel = 3};
  }
  /// The one behind it.
  static constexpr ConvolutionShape second(std::int64_t c) {
    return {.channels = 2 * c, .kernel = 3};
  }
  /// The one of the shortcut.
  static constexpr ConvolutionShape direct(std::int64_t c) {
    return {.channels = c, .out_channels = 2 * c};
  }
  static constexpr Cost cost(std::int64_t channels, const SpatialSize& input) {
    const SpatialSize half = input.reduced(2);
    return convolution_cost(first(channels), half) + convolution_cost(second(channels), half) +
           convolution_cost(direct(channels), half) + norm_cost(4 * channels);
  }
  explicit Reduction(std::int64_t channels)
      : convolution1(register_module("convolution1", detail::convolution(first(channels), 2))),
        norm1(register_module("norm1", torch::nn::BatchNorm2d(2 * channels))),
        convolution2(register_module("convolution2", detail::convolution(second(channels)))),
        norm2(register_module("norm2", torch::nn::BatchNorm2d(2 * channels))),
        shortcut(register_module("shortcut", detail::convolution(direct(channels)))) {}
  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y =
        convolution_norm(convolution1, norm1, vector_relu(x, {}), {}, NormActivation::kRelu);
    y = convolution_norm(convolution2, norm2, y);
    return y + shortcut->forward(average_pool2x2(x));
  }
  torch::nn::Conv2d convolution1;
  torch::nn::BatchNorm2d norm1;
  torch::nn::Conv2d convolution2;
  torch::nn::BatchNorm2d norm2;
  torch::nn::Conv2d shortcut;
};

/// BatchNorm -> ReLU -> global average pool -> Linear.
struct Head : torch::nn::Module {
  static constexpr Cost cost(std::int64_t channels, std::int64_t classes) {
    return norm_cost(channels) + linear_cost({.inputs = channels, .outputs = classes});
  }
  Head(std::int64_t channels, std::int64_t classes)
      : norm(register_module("norm", torch::nn::BatchNorm2d(channels))),
        linear(register_module("linear", torch::nn::Linear(channels, classes))) {}
  at::Tensor forward(const at::Tensor& x) {
    return linear->forward(
        adjusted_norm(norm, x, {}, NormActivation::kRelu).mean({2, 3}));  // [N, classes]
  }
  torch::nn::BatchNorm2d norm;
  torch::nn::Linear linear;
};

/// The operations on an edge of the paper's super-network: BatchNorms without scale and shift, an
/// average pool that counts the padding.
template <class SkipOperation>
using SupernetOperations =
    Candidates<interchoice::Zero, SkipOperation, ReluConvolutionNorm<1>, ReluConvolutionNorm<3>,
               interchoice::AveragePool3x3</*CountIncludePad=*/true>>;

/// The operations on an edge of the benchmark's own networks: affine BatchNorms, identity Skip, an
/// average pool that leaves the padding out.
using BenchmarkOperations =
    Candidates<interchoice::Zero, interchoice::Skip, ReluConvolutionNorm<1, /*Affine=*/true>,
               ReluConvolutionNorm<3, /*Affine=*/true>,
               interchoice::AveragePool3x3</*CountIncludePad=*/false>>;

/// The skeleton: see `CellNetwork`.
template <class EdgeOperations, std::int64_t CellsPerStage>
struct Skeleton {
  using Space = NasBench201Space;
  using Options = NasBench201Options;
  using Operations = EdgeOperations;
  static_assert(std::ranges::equal(Operations::names, EdgeCandidates::names),
                "interchoice: NasBench201Network<EdgeOperations> needs the names none, "
                "skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3 in this order; for "
                "candidates of your own use interchoice::CellNetwork");

  static constexpr Response head_response = Response::kRemoved;  ///< by its BatchNorm
  static constexpr SpatialSize input_size{32, 32};
  static constexpr std::int64_t stem_stride = 1;

  static constexpr Options default_options() {
    return {.cells_per_stage = {CellsPerStage, CellsPerStage, CellsPerStage}};
  }
  static void check(const Options& options) {
    TORCH_CHECK(options.input_channels >= 1 && options.classes >= 1 && options.width >= 1,
                "interchoice: NasBench201Options need input_channels, classes and width of at "
                "least 1, got ",
                options.input_channels, ", ", options.classes, ", ", options.width);
    TORCH_CHECK(!options.cells_per_stage.empty(),
                "interchoice: NasBench201Options::cells_per_stage needs at least one stage");
    for (const std::int64_t cells : options.cells_per_stage) {
      TORCH_CHECK(cells >= 1,
                  "interchoice: NasBench201Options::cells_per_stage needs at least one "
                  "cell in each stage, got ",
                  cells);
    }
  }
  static std::shared_ptr<Stem> stem(const Options& options) {
    return std::make_shared<Stem>(options.input_channels, options.width);
  }
  static constexpr std::vector<CellLayer> layers(const Options& options) {
    return staged_layers({options.width, options.cells_per_stage});
  }
  static std::shared_ptr<Reduction> reduction(const Options&, const Geometry& geometry) {
    return std::make_shared<Reduction>(geometry.channels);
  }
  static std::shared_ptr<Head> head(const Options& options) {
    return std::make_shared<Head>(last_width(options), options.classes);
  }

  static constexpr Cost stem_cost(const Options& options, const SpatialSize& input) {
    return Stem::cost(options.input_channels, options.width, input);
  }
  static constexpr Cost reduction_cost(const Options&, const Geometry& geometry,
                                       const SpatialSize& input) {
    return Reduction::cost(geometry.channels, input);
  }
  static constexpr Cost head_cost(const Options& options, const SpatialSize&) {
    return Head::cost(last_width(options), options.classes);
  }

 private:
  static constexpr std::int64_t last_width(const Options& options) {
    return options.width << (options.cells_per_stage.size() - 1);
  }
};

}  // namespace nasbench201

/// A network of NAS-Bench-201's skeleton with a list of operations for its five candidates.
template <class Operations, std::int64_t CellsPerStage = 2>
struct NasBench201Network : CellNetwork<nasbench201::Skeleton<Operations, CellsPerStage>> {
  /// The operations of its candidates.
  using EdgeOperations = Operations;
};

/// The super-network of NAS-Bench-201: stem, three stages of topology-shared cells with reductions
/// between them, head. `SkipOperation` is `LinearSkip` (the paper's Table 3: 782,938 parameters)
/// or `Skip` (the benchmark's identity: 718,426).
///
/// *Shapes*: x [N, input_channels, H, W] -> [N, classes]. *Source*: paper section 3.1.1, Table 3.
template <class SkipOperation = Skip>
using NasBench201 = NasBench201Network<nasbench201::SupernetOperations<SkipOperation>>;

/// The benchmark's own networks: five cells a stage, affine BatchNorms, an average pool that leaves
/// the padding out. The parameters of an architecture are those of the benchmark's table:
///
///   73,306 + sum over C = 16, 32, 64 of 5 * (n1 * (C^2 + 2 C) + n3 * (9 C^2 + 2 C))
///
/// with n1 and n3 the 1x1 and 3x3 convolutions of the cell. *Source*: Dong & Yang, NAS-Bench-201
/// (ICLR 2020).
using NasBench201Benchmark =
    NasBench201Network<nasbench201::BenchmarkOperations, /*CellsPerStage=*/5>;

}  // namespace interchoice
