#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/dependency/context.hpp"

namespace interchoice {

/// A step of a network and the choices that it reads, own ones and those of priors. Architectures
/// that agree on the choices of all segments up to here share their activations.
struct Segment {
  std::string name;
  std::vector<std::size_t> choices;  ///< ascending, each once

  /// Adds what a location reads.
  void reads(const Context& context) {
    add(context.choice());
    for (std::size_t i = 0; i < context.depth(); ++i) add(context.prior(i).choice);
  }

 private:
  void add(std::size_t choice) {
    const auto at = std::lower_bound(choices.begin(), choices.end(), choice);
    if (at == choices.end() || *at != choice) choices.insert(at, choice);
  }
};

/// The tensors alive between two segments; before the first the input, after the last the logits.
using Activations = std::vector<at::Tensor>;

/// A super-network that can be run segment by segment.
///
/// Satisfied by the networks of `networks/`; a network of the user's own satisfies it with
/// `segments()` and `run_segment(i, activations, architecture)`.
template <class Network, class Space>
concept SegmentedNetwork = requires(Network& network, std::size_t i, Activations& activations,
                                    const Architecture<Space>& architecture) {
  { network.segments() } -> std::convertible_to<std::vector<Segment>>;
  {network.run_segment(i, activations, architecture)};
};

/// A network of one input and one output as the composition of its segments.
template <SearchSpace Space, SegmentedNetwork<Space> Network>
at::Tensor run_segments(Network& network, const at::Tensor& x,
                        const Architecture<Space>& architecture) {
  Activations activations{x};
  const std::size_t count = network.segments().size();
  for (std::size_t i = 0; i < count; ++i) network.run_segment(i, activations, architecture);
  return activations.front();
}

}  // namespace interchoice
