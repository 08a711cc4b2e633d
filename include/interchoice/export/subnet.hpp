#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <concepts>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/detail/copy_state.hpp"
#include "interchoice/nn/settle_weights.hpp"

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
/// architecture are those of the network's constructor. The module's `initialise()`, if it has one,
/// is called last: the candidates come after the constructor. *Throws* c10::Error for a network
/// without choice blocks of the architecture's space. *Shapes*: as the network's. *Cost*: the
/// weights of one path.
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

  /// The one architecture that it computes.
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
  /// The network that it is an architecture of.
  using NetworkType = Network;
  using torch::nn::ModuleHolder<SubnetImpl<typename Network::ContainedType, Space>>::ModuleHolder;

  /// `forward`; libtorch's own call operator knows none that has overloads.
  template <class... Inputs>
  auto operator()(Inputs&&... inputs) {
    return (*this)->forward(std::forward<Inputs>(inputs)...);
  }
};

namespace detail {

/// What a network is made of, by name: its modules as each prints itself, the sizes of its tensors.
inline std::map<std::string, std::string> parts_of(const torch::nn::Module& network) {
  std::map<std::string, std::string> parts;
  for (const auto& module : network.named_modules(/*name_prefix=*/"", /*include_self=*/false)) {
    std::ostringstream text;
    if (const auto* block = dynamic_cast<const AnyChoiceBlock*>(module.value().get())) {
      const Geometry& g = block->bank().geometry();
      text << "a choice block (location " << block->context().location() << ", " << g.channels
           << " -> " << g.out_channels << " channels, stride " << g.stride << ")";
    } else {
      module.value()->pretty_print(text);
    }
    parts[module.key()] = text.str();
  }
  for (const auto& p : network.named_parameters()) parts[p.key()] = c10::str(p.value().sizes());
  for (const auto& b : network.named_buffers()) parts[b.key()] = c10::str(b.value().sizes());
  return parts;
}

/// Refuses a subnet that was rebuilt with other arguments than the super-network.
inline void check_same_network(const torch::nn::Module& net, const torch::nn::Module& subnet) {
  auto source = parts_of(net);
  const auto target = parts_of(subnet);
  const auto compare = [](const std::string& name, std::string_view there, std::string_view here) {
    TORCH_CHECK(there == here, "interchoice: extract: '", name, "' is ", there, ", but ", here,
                " when the network is rebuilt; give the arguments of its constructor: "
                "extract(net, architecture, arguments...)");
  };
  for (const auto& [name, text] : target) {
    const auto found = source.find(name);
    compare(name, found == source.end() ? "missing" : found->second, text);
  }
  for_each_choice_block(net, [&](const std::string& name, const AnyChoiceBlock&) {
    std::erase_if(source,
                  [&](const auto& part) { return part.first.starts_with(prefix_of(name)); });
  });
  for (const auto& [name, text] : source) {
    compare(name, text, target.contains(name) ? text : "missing");
  }
}

template <class Result, class Network, class Space, class... Args>
Result rebuilt(Network& net, const Architecture<Space>& architecture, Args&&... args) {
  using Impl = typename Network::ContainedType;
  if constexpr (sizeof...(Args) > 0) {
    return Result(architecture, std::forward<Args>(args)...);
  } else if constexpr (requires { Impl(net->options()); }) {
    return Result(architecture, net->options());
  } else {
    static_assert(std::default_initializable<Impl>,
                  "interchoice: extract(net, architecture) needs to rebuild the network; give its "
                  "module `options()` and a constructor from them, or give extract the "
                  "arguments of its constructor: extract(net, architecture, arguments...)");
    return Result(architecture);
  }
}

}  // namespace detail

/// The network that an architecture is within a super-network, with weights of its own: copies of
/// the candidates, contexts resolved to constants.
///
/// The network is rebuilt from its `options()` if it has them, else from the arguments behind the
/// architecture, usually none. In either mode its outputs equal the super-network's for that
/// architecture, bit by bit: what runs is the same. Takes types, device and modes from the
/// super-network.
/// *Throws* c10::Error if the policy does more to a candidate than constants per channel (hooks
/// `before` and `after`), or if the rebuilt network has other modules (by their names and what they
/// print), parameters or buffers. A plain member that no module prints goes unnoticed.
template <class Network, SearchSpace Space, class... Args>
Subnet<Network, Space> extract(Network& net, const Architecture<Space>& architecture,
                               Args&&... args) {
  auto subnet =
      detail::rebuilt<Subnet<Network, Space>>(net, architecture, std::forward<Args>(args)...);
  detail::check_same_network(*net, *subnet);
  settle_weights(*net);
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
