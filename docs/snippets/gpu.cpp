// The code of docs/how-to/gpu.md.

#include "interchoice/cuda.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <fmt/core.h>
#include <torch/optim/sgd.h>

#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/nn/capture/captured_candidates.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/path_step.hpp"

namespace ic = interchoice;

/// A layer of a captured graph: the row is chosen before each replay.
at::Tensor layer(const at::Tensor& images, const at::Tensor& table, const at::Tensor& index) {
  // images [N, C, H, W] channels-last, table [R, C], index: one int64, all on the device
  return ic::cuda::shifted_relu(images, table, index);
}

using Net = ic::Supernet<ic::NasBench201<ic::LinearSkip>, ic::bias<1>>;

void train_captured(Net& net, torch::optim::SGD& optimizer, const at::Tensor& images,
                    const at::Tensor& labels) {
  const ic::CapturedCandidates captured(net, ic::cuda::graph_recorder());
  const ic::Sampler sample(ic::Uniform{ic::all<Net::Space>}, ic::Seed{0});
  ic::PathStep step(net, optimizer);
  step.begin(0);
  for (int i = 0; i < 1000; ++i) {
    step.enqueue(sample, [&](const auto& path) {
      return at::cross_entropy_loss(net->forward(images, path), labels);
    });
    if (i % 64 == 63) step.read([](const ic::StepOutcome&) {});
  }
  step.read([](const ic::StepOutcome&) {});
  fmt::print("{} graphs, {} MiB\n", captured.counts().captures, captured.counts().bytes >> 20);
}
