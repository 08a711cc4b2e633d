#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace interchoice::detail {

using NetworkFunction = std::function<at::Tensor(const at::Tensor&)>;

/// What a network did to one input, as libtorch's operators in the order in which they ran. The
/// graph's inputs are the network's input and then its parameters and buffers, as in `state`.
struct TracedNetwork {
  std::shared_ptr<torch::jit::Graph> graph;
  std::vector<std::pair<std::string, at::Tensor>> state;
};

/// Parameters and buffers by name; those that modules share once.
inline std::vector<std::pair<std::string, at::Tensor>> state_of_network(
    const torch::nn::Module& network) {
  std::vector<std::pair<std::string, at::Tensor>> state;
  const auto add = [&](const auto& tensors) {
    for (const auto& item : tensors) {
      bool is_known = false;
      for (const auto& known : state) is_known = is_known || known.second.is_same(item.value());
      if (!is_known) state.emplace_back(item.key(), item.value());
    }
  };
  add(network.named_parameters());
  add(network.named_buffers());
  return state;
}

/// Runs a network once and records what it does. What it writes into is recorded as such.
inline TracedNetwork trace_network(const torch::nn::Module& network, const NetworkFunction& forward,
                                   const at::Tensor& input) {
  namespace tracer = torch::jit::tracer;
  TORCH_CHECK(!tracer::isTracing(),
              "interchoice: an export cannot begin while this thread traces something else");
  const c10::NoGradGuard no_grad;
  TracedNetwork traced{nullptr, state_of_network(network)};
  const auto run = [&](torch::jit::Stack inputs) -> torch::jit::Stack {
    const auto& state = tracer::getTracingState();
    state->warn = false;
    for (const auto& [name, tensor] : traced.state) {
      torch::jit::Value* const value = state->graph->addInput();
      value->inferTypeFrom(tensor);
      tracer::setValueTrace(tensor, value);
    }
    return {forward(inputs.at(0).toTensor())};
  };
  traced.graph =
      tracer::trace({input}, run, [](const at::Tensor&) { return std::string(); }).first->graph;
  return traced;
}

/// An input like the example, of a batch of its own and other values: what a trace keeps of either
/// is seen by comparing two. Whole numbers stay within the example's, as they may be indices.
inline at::Tensor varied_input(const at::Tensor& example, std::int64_t batch) {
  std::vector<std::int64_t> sizes = example.sizes().vec();
  sizes[0] = batch;
  if (!example.is_floating_point()) return example.narrow(0, 0, 1).expand(sizes).flip(-1);
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  return at::arange(count, example.options().dtype(at::kFloat))
      .mul_(0.7)
      .cos_()
      .to(example.scalar_type())
      .view(sizes);
}

}  // namespace interchoice::detail
