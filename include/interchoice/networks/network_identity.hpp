#pragma once

#include <torch/nn/module.h>

#include <concepts>
#include <set>
#include <string>

#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/identity.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/networks/described_options.hpp"
#include "interchoice/nn/any_choice_block.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/detail/module_of.hpp"

namespace interchoice {

namespace detail {

/// A network of one architecture: `Subnet`.
template <class Module>
concept HasArchitecture = requires(const Module& module) {
  module.architecture();
};

template <class Net>
struct CheckedHolder {
  static_assert(std::derived_from<ModuleOf<Net>, torch::nn::Module>,
                "interchoice: saving and loading a network needs a module holder, such as "
                "TORCH_MODULE makes; give the holder, not the module");
  static constexpr bool value = true;
};

}  // namespace detail

/// The identity of a network: `space` and `policy` of its choice blocks (several, if they differ),
/// `architecture` of a subnet, and its options, such as `options.width`, if its module has
/// `options()` that can be described.
template <class Net>
Identity network_identity(const Net& net) {
  static_assert(detail::CheckedHolder<Net>::value);
  std::set<std::string> spaces;
  std::set<std::string> policies;
  detail::for_each_choice_block(*net, [&](const std::string&, const AnyChoiceBlock& block) {
    spaces.insert(block.space());
    policies.insert(block.policy());
  });
  Identity identity;
  identity.set("space", detail::joined(spaces, " + "));
  identity.set("policy", detail::joined(policies, " + "));
  if constexpr (detail::HasArchitecture<detail::ModuleOf<Net>>) {
    identity.set("architecture", to_text(net->architecture()));
  }
  if constexpr (requires { detail::options_identity(net->options()); }) {
    identity.set(detail::options_identity(net->options()));
  }
  return identity;
}

}  // namespace interchoice
