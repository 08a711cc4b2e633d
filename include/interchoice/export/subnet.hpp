#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/detail/copy_state.hpp"

namespace interchoice {

namespace detail {

template <class Module, class Result, class Input, class Path>
Path path_of(Result (Module::*)(Input, Path));
template <class Module, class Result, class Input, class Path>
Path path_of(Result (Module::*)(Input, Path) const);

/// The space of a network, as a std::type_identity: its member `Space`, or that of the architecture
/// which its `forward` takes.
template <class Impl>
constexpr auto space_of_network() {
  if constexpr (requires { typename Impl::Space; }) {
    return std::type_identity<typename Impl::Space>();
  } else {
    static_assert(
        requires { path_of(&Impl::forward); },
        "interchoice: Subnet<Network> needs a network with `forward(x, architecture)`; "
        "give it `using Space = ...`, or write Subnet<Network, Space>");
    using Path = std::remove_cvref_t<decltype(path_of(&Impl::forward))>;
    return std::type_identity<typename Path::space_type>();
  }
}

}  // namespace detail

/// One architecture as a network of its own: each location has the one candidate that it takes.
///
///   y = forward(x)
///
/// It is the network itself, with its parameter names and members. The arguments behind the
/// architecture are those of the network's constructor. *Throws* c10::Error for a network without
/// choice blocks of the architecture's space. *Shapes*: as the network's. *Cost*: the weights of
/// one path.
template <class Network, SearchSpace PathSpace>
class SubnetImpl : public Network {
 public:
  using Space = PathSpace;

  template <class... Args>
  requires std::constructible_from<Network, Args...>
  explicit SubnetImpl(const Architecture<Space>& architecture, Args&&... args)
      : SubnetImpl(detail::EmptyBlocks(), architecture, std::forward<Args>(args)...) {
    bool has_blocks = false;
    for (const auto& module : this->named_modules(/*name_prefix=*/"", /*include_self=*/false)) {
      auto* block = dynamic_cast<AnyChoiceBlock*>(module.value().get());
      if (block == nullptr) continue;
      TORCH_CHECK(block->space() == space_signature<Space>(), "interchoice: Subnet: choice block '",
                  module.key(), "' is of another space than the architecture: ", block->space(),
                  "; take a network of one space");
      block->build(architecture.candidates());
      has_blocks = true;
    }
    TORCH_CHECK(has_blocks,
                "interchoice: Subnet: the network has no choice blocks; register them with it");
    if constexpr (requires { this->initialise(); }) this->initialise();
  }

  using Network::forward;
  auto forward(const at::Tensor& x) { return Network::forward(x, architecture_); }

  const Architecture<Space>& architecture() const { return architecture_; }

 private:
  template <class... Args>
  SubnetImpl(const detail::EmptyBlocks&, const Architecture<Space>& architecture, Args&&... args)
      : Network(std::forward<Args>(args)...), architecture_(architecture) {}

  Architecture<Space> architecture_;
};

/// One architecture as a network of its own, of any network (a libtorch module holder) whose
/// module holds choice blocks and has `forward(x, architecture)`.
///
/// `Subnet<Network>(architecture, arguments of the network...)` has fresh weights, to be trained on
/// its own. `extract` takes them from a super-network.
template <class Network,
          class PathSpace =
              typename decltype(detail::space_of_network<typename Network::ContainedType>())::type>
class Subnet
    : public torch::nn::ModuleHolder<SubnetImpl<typename Network::ContainedType, PathSpace>> {
 public:
  using Space = PathSpace;
  using NetworkType = Network;
  using torch::nn::ModuleHolder<SubnetImpl<typename Network::ContainedType, Space>>::ModuleHolder;

  /// `forward`; libtorch's own call operator knows none that has overloads.
  template <class... Inputs>
  auto operator()(Inputs&&... inputs) {
    return (*this)->forward(std::forward<Inputs>(inputs)...);
  }
};

namespace detail {

/// Refuses a subnet that was made with other arguments than the super-network.
inline void check_same_network(const torch::nn::Module& net, const torch::nn::Module& subnet) {
  const auto theirs = net.named_parameters();
  const auto ours = subnet.named_parameters();
  const auto refuse = [](const std::string& name, const char* what) {
    TORCH_CHECK(false, "interchoice: extract: parameter '", name, "' ", what,
                " when the network is made again; give the arguments of its constructor: "
                "extract(net, architecture, arguments...)");
  };
  for (const auto& p : ours) {
    const at::Tensor* source = theirs.find(p.key());
    if (source == nullptr) refuse(p.key(), "appears");
    if (source->sizes() != p.value().sizes()) refuse(p.key(), "has other sizes");
  }
  std::vector<std::string> blocks;
  for_each_choice_block(net, [&](const std::string& name, const AnyChoiceBlock&) {
    blocks.push_back(prefix_of(name));
  });
  for (const auto& p : theirs) {
    const bool in_block = std::any_of(blocks.begin(), blocks.end(), [&](const std::string& block) {
      return p.key().starts_with(block);
    });
    if (!in_block && ours.find(p.key()) == nullptr) refuse(p.key(), "is missing");
  }
}

template <class Result, class Network, class Space, class... Args>
Result made_again(Network& net, const Architecture<Space>& architecture, Args&&... args) {
  using Impl = typename Network::ContainedType;
  if constexpr (sizeof...(Args) > 0) {
    return Result(architecture, std::forward<Args>(args)...);
  } else if constexpr (requires { Impl(net->options()); }) {
    return Result(architecture, net->options());
  } else {
    static_assert(std::default_initializable<Impl>,
                  "interchoice: extract(net, architecture) needs to make the network again; give "
                  "its module `options()` and a constructor from them, or give extract the "
                  "arguments of its constructor: extract(net, architecture, arguments...)");
    return Result(architecture);
  }
}

}  // namespace detail

/// The network that an architecture is within a super-network, with weights of its own: copies of
/// the candidates, contexts resolved to constants.
///
/// The network is made again from its `options()` if it has them, else from the arguments behind
/// the architecture, usually none. In either mode its outputs equal the super-network's for that
/// architecture, bit by bit: what runs is the same. Takes types, device and modes from the
/// super-network.
/// *Throws* c10::Error if the policy does more to a candidate than constants per channel (hooks
/// `before` and `after`), or if the network made again has other parameters.
template <class Network, SearchSpace Space, class... Args>
Subnet<Network, Space> extract(Network& net, const Architecture<Space>& architecture,
                               Args&&... args) {
  auto subnet =
      detail::made_again<Subnet<Network, Space>>(net, architecture, std::forward<Args>(args)...);
  detail::check_same_network(*net, *subnet);
  if (const auto parameters = net->parameters(); !parameters.empty()) {
    subnet->to(parameters.front().device(), parameters.front().scalar_type());
  }
  detail::copy_state(*net, *subnet);
  std::unordered_map<std::string, AnyChoiceBlock*> sources;
  detail::for_each_choice_block(
      *net, [&](const std::string& name, AnyChoiceBlock& block) { sources[name] = &block; });
  detail::for_each_choice_block(*subnet, [&](const std::string& name, AnyChoiceBlock& block) {
    AnyChoiceBlock& source = *sources.at(name);
    const Resolution resolution = source.resolution(architecture.candidates());
    TORCH_CHECK(resolution.is_complete, "interchoice: extract: block '", name, "' has the policy ",
                source.policy(),
                ", whose hooks `before` or `after` a subnet cannot keep; evaluate the architecture "
                "in the super-network");
    block.take(resolution);
  });
  return subnet;
}

}  // namespace interchoice
