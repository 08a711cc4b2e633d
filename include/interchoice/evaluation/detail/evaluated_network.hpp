#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/networks/segments.hpp"
#include "interchoice/nn/detail/module_of.hpp"

namespace interchoice::detail {

/// A network as evaluation sees it, whatever its type, so that evaluation is compiled once a space.
/// Refers to the network.
template <SearchSpace Space>
struct EvaluatedNetwork {
  torch::nn::Module& module;
  std::function<at::Tensor(const at::Tensor&, const Architecture<Space>&)> forward;
  std::vector<Segment> segments = {};  // none where it can only be run as a whole
  std::function<void(std::size_t, Activations&, const Architecture<Space>&)> run_segment = {};
};

template <SearchSpace Space, class Network>
EvaluatedNetwork<Space> evaluated(Network& network) {
  static_assert(
      requires(const at::Tensor& x, const Architecture<Space>& architecture) {
        network->forward(x, architecture);
      },
      "interchoice: an evaluation needs a network with forward(x, architecture), for architectures "
      "of the network's own space; give a module holder and architectures of its space");
  EvaluatedNetwork<Space> result{
      *network, [&network](const at::Tensor& x, const Architecture<Space>& architecture) {
        return network->forward(x, architecture);
      }};
  if constexpr (SegmentedNetwork<ModuleOf<Network>>) {
    result.segments = network->segments();
    result.run_segment = [&network](std::size_t i, Activations& activations,
                                    const Architecture<Space>& architecture) {
      network->run_segment(i, activations, architecture);
    };
  }
  return result;
}

}  // namespace interchoice::detail
