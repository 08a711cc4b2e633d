#pragma once

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/relu.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/networks/segments.hpp"
#include "interchoice/networks/supernet.hpp"
#include "interchoice/nn/cell_blocks.hpp"
#include "interchoice/nn/operations/average_pool.hpp"
#include "interchoice/nn/operations/relu_convolution_norm.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/nn/operations/zero.hpp"
#include "interchoice/spaces/nasbench201.hpp"

namespace interchoice {

/// The sizes of a NAS-Bench-201 network. The defaults are the paper's super-network on CIFAR-10.
struct NasBench201Options {
  std::int64_t input_channels = 3;
  std::int64_t classes = 10;
  /// Channels of the first stage; doubled by each reduction.
  std::int64_t width = 16;
  /// Cells of each stage; reductions stand between stages.
  std::vector<std::int64_t> cells_per_stage = {2, 2, 2};
};

namespace nasbench201 {

/// conv3x3 -> BatchNorm, no activation.
struct Stem : torch::nn::Module {
  Stem(std::int64_t input_channels, std::int64_t width)
      : convolution(register_module(
            "convolution",
            torch::nn::Conv2d(
                torch::nn::Conv2dOptions(input_channels, width, 3).padding(1).bias(false)))),
        norm(register_module("norm", torch::nn::BatchNorm2d(width))) {}
  at::Tensor forward(const at::Tensor& x) { return norm->forward(convolution->forward(x)); }
  torch::nn::Conv2d convolution;
  torch::nn::BatchNorm2d norm;
};

/// ReLU -> conv3x3, stride 2 -> BN -> ReLU -> conv3x3 -> BN, plus average pool 2x2 -> conv1x1.
///
/// *Shapes*: [N, C, H, W] -> [N, 2C, ceil(H/2), ceil(W/2)]. The shortcut's pool needs even H, W; at
/// odd sizes the last row and column are pooled alone.
struct Reduction : torch::nn::Module {
  explicit Reduction(std::int64_t channels)
      : convolution1(register_module(
            "convolution1", torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, 2 * channels, 3)
                                                  .stride(2)
                                                  .padding(1)
                                                  .bias(false)))),
        norm1(register_module("norm1", torch::nn::BatchNorm2d(2 * channels))),
        convolution2(register_module(
            "convolution2",
            torch::nn::Conv2d(
                torch::nn::Conv2dOptions(2 * channels, 2 * channels, 3).padding(1).bias(false)))),
        norm2(register_module("norm2", torch::nn::BatchNorm2d(2 * channels))),
        shortcut(register_module(
            "shortcut",
            torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, 2 * channels, 1).bias(false)))) {}
  at::Tensor forward(const at::Tensor& x) {
    at::Tensor y = norm1->forward(convolution1->forward(at::relu(x)));
    y = norm2->forward(convolution2->forward(at::relu(y)));
    return y + shortcut->forward(at::avg_pool2d(x, {2, 2}, {2, 2}, {0, 0}, /*ceil_mode=*/true));
  }
  torch::nn::Conv2d convolution1;
  torch::nn::BatchNorm2d norm1;
  torch::nn::Conv2d convolution2;
  torch::nn::BatchNorm2d norm2;
  torch::nn::Conv2d shortcut;
};

/// BatchNorm -> ReLU -> global average pool -> Linear.
struct Head : torch::nn::Module {
  Head(std::int64_t channels, std::int64_t classes)
      : norm(register_module("norm", torch::nn::BatchNorm2d(channels))),
        linear(register_module("linear", torch::nn::Linear(channels, classes))) {}
  at::Tensor forward(const at::Tensor& x) {
    return linear->forward(at::relu(norm->forward(x)).mean({2, 3}));  // [N, classes]
  }
  torch::nn::BatchNorm2d norm;
  torch::nn::Linear linear;
};

}  // namespace nasbench201

/// The super-network of NAS-Bench-201: stem, three stages of topology-shared cells with reductions
/// between them, head. `SkipOperation` is `LinearSkip` (the paper's Table 3: 782,938 parameters)
/// or `Skip` (the benchmark's identity: 718,426).
///
/// *Shapes*: x [N, input_channels, H, W] -> [N, classes]. *Source*: paper section 3.1.1, Table 3.
template <class SkipOperation = Skip>
struct NasBench201 {
  using Space = NasBench201Space;
  using Options = NasBench201Options;
  using EdgeOperations =
      Candidates<Zero, SkipOperation, ReluConvolutionNorm<1>, ReluConvolutionNorm<3>,
                 AveragePool3x3</*CountIncludePad=*/true>>;
  static_assert(EdgeOperations::names == nasbench201::EdgeCandidates::names);

  template <DependencyPolicy Policy>
  class Module;
};

template <class SkipOperation>
template <DependencyPolicy Policy>
class NasBench201<SkipOperation>::Module : public torch::nn::Module {
 public:
  using Space = NasBench201Space;

  explicit Module(const Options& options = {}) : options_(options) {
    check(options);
    stem_ = register_module(
        "stem", std::make_shared<nasbench201::Stem>(options.input_channels, options.width));
    const auto operations = operations_of<EdgeOperations>();
    const auto cells = register_module("cells", std::make_shared<torch::nn::Module>());
    const auto add_layer = [&](auto module) {
      return cells->register_module(std::to_string(layers_.size()), std::move(module));
    };
    std::int64_t width = options.width;
    std::size_t cell = 0;
    for (std::size_t stage = 0; stage < options.cells_per_stage.size(); ++stage) {
      if (stage > 0) {
        layers_.push_back({nullptr, add_layer(std::make_shared<nasbench201::Reduction>(width))});
        width *= 2;
      }
      for (std::int64_t i = 0; i < options.cells_per_stage[stage]; ++i) {
        layers_.push_back({add_layer(Cell(cell++, Geometry{.channels = width}, operations)), {}});
      }
    }
    head_ = register_module("head", std::make_shared<nasbench201::Head>(width, options.classes));
    describe_segments();
  }

  at::Tensor forward(const at::Tensor& x, const Architecture<Space>& architecture) {
    Activations activations{x};
    for (std::size_t i = 0; i < steps_.size(); ++i) run_segment(i, activations, architecture);
    return activations.front();
  }

  const Options& options() const { return options_; }

  /// Stem, every node of every cell, every reduction, head.
  const std::vector<Segment>& segments() const { return segments_; }

  /// Runs one segment. Inside a cell the activations are its nodes so far.
  void run_segment(std::size_t i, Activations& activations,
                   const Architecture<Space>& architecture) {
    const Step& step = steps_[i];
    switch (step.kind) {
      case Step::kStem:
        activations = {
            stem_->forward(activations.front().contiguous(at::MemoryFormat::ChannelsLast))};
        break;
      case Step::kNode:
        activations.push_back(
            layers_[step.layer].cell->forward_node(step.node, activations, architecture));
        if (step.node + 1 == Space::node_count) activations = {activations.back()};
        break;
      case Step::kReduction:
        activations = {layers_[step.layer].reduction->forward(activations.front())};
        break;
      case Step::kHead:
        activations = {head_->forward(activations.front())};
        break;
    }
  }

 private:
  using Cell = CellBlocks<Space, Policy>;

  struct Layer {  // one of both
    Cell cell{nullptr};
    std::shared_ptr<nasbench201::Reduction> reduction;
  };

  struct Step {
    enum Kind { kStem, kNode, kReduction, kHead } kind;
    std::size_t layer = 0;
    std::size_t node = 0;
  };

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

  void describe_segments() {
    const auto add = [&](const Step& step, Segment segment) {
      steps_.push_back(step);
      segments_.push_back(std::move(segment));
    };
    add({Step::kStem}, {"stem", {}});
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const std::string name = "cells." + std::to_string(l);
      if (layers_[l].reduction) {
        add({Step::kReduction, l}, {name, {}});
        continue;
      }
      for (std::size_t node = 1; node < Space::node_count; ++node) {
        Segment segment{name + ".node" + std::to_string(node), {}};
        for (std::size_t source = 0; source < node; ++source) {
          segment.reads(layers_[l].cell->edge(Space::choice_of({source, node}))->context());
        }
        add({Step::kNode, l, node}, std::move(segment));
      }
    }
    add({Step::kHead}, {"head", {}});
  }

  Options options_;
  std::shared_ptr<nasbench201::Stem> stem_;
  std::vector<Layer> layers_;
  std::shared_ptr<nasbench201::Head> head_;
  std::vector<Step> steps_;
  std::vector<Segment> segments_;
};

}  // namespace interchoice
