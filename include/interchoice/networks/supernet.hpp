#pragma once

#include <torch/nn/pimpl.h>

#include <concepts>

#include "interchoice/core/architecture.hpp"
#include "interchoice/dependency/policy.hpp"

namespace interchoice {

/// A network that any policy can be put into: a space, options, and a module template.
///
/// Satisfied by `NasBench201<Skip>`. A network of the user's own satisfies it with
///
///   struct MyNetwork {
///     using Space = ...;
///     using Options = ...;
///     template <DependencyPolicy Policy> class Module;   // forward(x, architecture)
///   };
template <class Network, class Policy>
concept SupernetNetwork = requires(typename Network::template Module<Policy>& module,
                                   const at::Tensor& x,
                                   const Architecture<typename Network::Space>& architecture) {
  typename Network::Options;
  { module.forward(x, architecture) } -> std::convertible_to<at::Tensor>;
};

namespace detail {

// One check a requirement, before the base class below would fail with less clear words.
template <class Network, class Policy>
struct CheckedNetwork {
  static_assert(CheckedPolicy<Policy>::value);
  static_assert(!DependencyPolicy<Policy> || SupernetNetwork<Network, Policy>,
                "interchoice: Supernet<Network, Policy> needs a network with `Space`, `Options` "
                "and `template <class Policy> class Module` that has `forward(x, architecture)`; "
                "see networks/supernet.hpp");
  using Module = typename Network::template Module<Policy>;
};

}  // namespace detail

/// A super-network: a network whose locations hold every candidate, with weights that depend on
/// combinations of choices as the policy says. A libtorch module holder.
///
///   Supernet<NasBench201<LinearSkip>, bias<1>> net(NasBench201Options{.classes = 10});
///   at::Tensor logits = net->forward(x, architecture);
///
/// Change one word for another policy, one type for another network.
template <class Network, class Policy>
class Supernet
    : public torch::nn::ModuleHolder<typename detail::CheckedNetwork<Network, Policy>::Module> {
 public:
  using Space = typename Network::Space;
  using Options = typename Network::Options;
  /// The network without its policy.
  using NetworkType = Network;
  /// The policy of its choice blocks.
  using PolicyType = Policy;
  using torch::nn::ModuleHolder<typename Network::template Module<Policy>>::ModuleHolder;
};

}  // namespace interchoice
