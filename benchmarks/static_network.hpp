#pragma once

#include <fmt/core.h>

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/relu.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// One architecture of the only-convolution space written by hand: plain modules and operators of
/// libtorch, nothing of this library.
namespace benchmarks {

struct ConvNorm : torch::nn::Module {
  ConvNorm(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, bool affine)
      : convolution(register_module("convolution",
                                    torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel)
                                                          .stride(stride)
                                                          .padding(kernel / 2)
                                                          .bias(false)))),
        norm(register_module(
            "norm", torch::nn::BatchNorm2d(torch::nn::BatchNorm2dOptions(out).affine(affine)))) {}
  at::Tensor forward(const at::Tensor& x) { return norm->forward(convolution->forward(x)); }
  torch::nn::Conv2d convolution;
  torch::nn::BatchNorm2d norm;
};

struct StaticCell : torch::nn::Module {
  StaticCell(std::int64_t width, const std::array<std::int64_t, 6>& kernels) {
    for (std::size_t i = 0; i < 6; ++i) {
      edges[i] = register_module(fmt::format("edge{}", i),
                                 std::make_shared<ConvNorm>(width, width, kernels[i], 1, false));
    }
  }
  at::Tensor op(std::size_t i, const at::Tensor& x) { return edges[i]->forward(at::relu(x)); }
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor n1 = op(0, x);
    const at::Tensor n2 = op(1, x) + op(2, n1);
    return op(3, x) + op(4, n1) + op(5, n2);
  }
  std::array<std::shared_ptr<ConvNorm>, 6> edges;
};

struct StaticReduction : torch::nn::Module {
  explicit StaticReduction(std::int64_t width)
      : first(register_module("first", std::make_shared<ConvNorm>(width, 2 * width, 3, 2, true))),
        second(register_module("second",
                               std::make_shared<ConvNorm>(2 * width, 2 * width, 3, 1, true))),
        shortcut(register_module(
            "shortcut",
            torch::nn::Conv2d(torch::nn::Conv2dOptions(width, 2 * width, 1).bias(false)))) {}
  at::Tensor forward(const at::Tensor& x) {
    return second->forward(at::relu(first->forward(at::relu(x)))) +
           shortcut->forward(at::avg_pool2d(x, {2, 2}));
  }
  std::shared_ptr<ConvNorm> first;
  std::shared_ptr<ConvNorm> second;
  torch::nn::Conv2d shortcut;
};

class StaticNetwork : public torch::nn::Module {
 public:
  /// `kernels` are 1 or 3, one for each edge.
  StaticNetwork(std::int64_t width, const std::vector<std::int64_t>& cells_per_stage,
                const std::array<std::int64_t, 6>& kernels)
      : stem_(register_module("stem", std::make_shared<ConvNorm>(3, width, 3, 1, true))) {
    for (std::size_t stage = 0; stage < cells_per_stage.size(); ++stage) {
      if (stage > 0) {
        add(nullptr, std::make_shared<StaticReduction>(width));
        width *= 2;
      }
      for (std::int64_t i = 0; i < cells_per_stage[stage]; ++i) {
        add(std::make_shared<StaticCell>(width, kernels), nullptr);
      }
    }
    norm_ = register_module("norm", torch::nn::BatchNorm2d(width));
    linear_ = register_module("linear", torch::nn::Linear(width, 10));
  }
  at::Tensor forward(at::Tensor x) {
    x = stem_->forward(x.contiguous(at::MemoryFormat::ChannelsLast));
    for (const Layer& layer : layers_) {
      x = layer.cell ? layer.cell->forward(x) : layer.reduction->forward(x);
    }
    return linear_->forward(at::relu(norm_->forward(x)).mean({2, 3}));
  }

 private:
  struct Layer {
    std::shared_ptr<StaticCell> cell;
    std::shared_ptr<StaticReduction> reduction;
  };
  void add(std::shared_ptr<StaticCell> cell, std::shared_ptr<StaticReduction> reduction) {
    const std::string name = fmt::format("layer{}", layers_.size());
    cell ? void(register_module(name, cell)) : void(register_module(name, reduction));
    layers_.push_back({std::move(cell), std::move(reduction)});
  }

  std::shared_ptr<ConvNorm> stem_;
  std::vector<Layer> layers_;
  torch::nn::BatchNorm2d norm_{nullptr};
  torch::nn::Linear linear_{nullptr};
};

}  // namespace benchmarks
