#pragma once

#include <c10/core/GradMode.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/networks/supernet.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/resolved_block.hpp"

namespace interchoice {

/// One architecture as a network of its own: each location has the one candidate that it takes,
/// with the super-network's parameter names.
///
///   y = forward(x)
///
/// `Subnet<Network>(options, architecture)` has fresh weights, to be trained on its own: with
/// `train` and `FixedSampler`, or in any loop. `extract` takes them from a super-network.
/// *Shapes*: as the network's. *Cost*: the weights of one path.
template <class Network>
requires SupernetNetwork<Network, resolved>
class SubnetImpl : public Network::template Module<resolved> {
  using Base = typename Network::template Module<resolved>;

 public:
  using Space = typename Network::Space;
  using Options = typename Network::Options;

  SubnetImpl(const Options& options, const Architecture<Space>& architecture)
      : Base(options), architecture_(architecture) {
    for_each_block([&](auto& block) { block.build(architecture_); });
    if constexpr (requires { this->initialise(); }) this->initialise();
  }

  using Base::forward;
  at::Tensor forward(const at::Tensor& x) { return Base::forward(x, architecture_); }

  const Architecture<Space>& architecture() const { return architecture_; }

  /// Calls `visit(block)` for every location.
  template <class Visitor>
  void for_each_block(const Visitor& visit) {
    for (const auto& module : this->modules(/*include_self=*/false)) {
      if (auto* block = dynamic_cast<ChoiceBlockImpl<Space, resolved>*>(module.get())) {
        visit(*block);
      }
    }
  }

 private:
  Architecture<Space> architecture_;
};

/// Holder of a `SubnetImpl`.
template <class Network>
class Subnet : public torch::nn::ModuleHolder<SubnetImpl<Network>> {
 public:
  using Space = typename Network::Space;
  using Options = typename Network::Options;
  using NetworkType = Network;
  using PolicyType = resolved;
  using torch::nn::ModuleHolder<SubnetImpl<Network>>::ModuleHolder;
};

/// The network that an architecture is within a super-network, with weights of its own: copies of
/// the candidates, contexts resolved to constants.
///
/// In either mode its outputs equal the super-network's for that architecture, bit by bit: what
/// runs is the same. Takes type, device and mode from the super-network.
/// *Throws* c10::Error if the policy does more to a candidate than constants per channel (hooks
/// `before` and `after`).
template <class Network, DependencyPolicy Policy>
Subnet<Network> extract(Supernet<Network, Policy>& supernet,
                        const Architecture<typename Network::Space>& architecture) {
  const c10::AutoGradMode no_gradients(false);
  Subnet<Network> subnet(supernet->options(), architecture);
  const at::Tensor some = supernet->parameters().front();
  subnet->to(some.device(), some.scalar_type());

  const auto parameters = supernet->named_parameters();
  for (auto& p : subnet->named_parameters()) {
    if (const at::Tensor* source = parameters.find(p.key())) p.value().copy_(*source);
  }
  const auto buffers = supernet->named_buffers();
  for (auto& b : subnet->named_buffers()) {
    if (const at::Tensor* source = buffers.find(b.key())) {
      b.value().set_data(source->detach().clone());  // keeps the type of counters
    }
  }
  std::unordered_map<std::string, AnyChoiceBlock*> sources;
  detail::for_each_choice_block(
      *supernet, [&](const std::string& name, AnyChoiceBlock& block) { sources[name] = &block; });
  for (const auto& module : subnet->named_modules()) {
    using Block = ChoiceBlockImpl<typename Network::Space, resolved>;
    auto* block = dynamic_cast<Block*>(module.value().get());
    if (block == nullptr) continue;
    const Resolution resolution = sources.at(module.key())->resolution(architecture.candidates());
    TORCH_CHECK(resolution.is_complete, "interchoice: extract: block '", module.key(),
                "' has the policy ", policy_text<Policy>(),
                ", whose hooks `before` or `after` a subnet cannot keep; evaluate the architecture "
                "in the super-network");
    block->take(resolution);
  }
  for (const auto& module : subnet->named_modules()) {  // a candidate's mode may be its own
    if (const auto* source = supernet->named_modules().find(module.key())) {
      module.value()->train((*source)->is_training());
    }
  }
  return subnet;
}

}  // namespace interchoice
