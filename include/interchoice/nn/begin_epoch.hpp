#pragma once

#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <string>

#include "interchoice/nn/any_choice_block.hpp"

namespace interchoice {

namespace detail {

/// Calls `visit(name, block)` for every choice block below a module, in registration order.
template <class Visitor>
void for_each_choice_block(const torch::nn::Module& network, const Visitor& visit) {
  for (const auto& module : network.named_modules()) {
    if (auto* block = dynamic_cast<AnyChoiceBlock*>(module.value().get())) {
      visit(module.key(), *block);
    }
  }
}

inline std::string prefix_of(const std::string& name) { return name.empty() ? name : name + "."; }

}  // namespace detail

/// Tells every choice block of a network that an epoch (counted from 0) begins. Splits whose epoch
/// has come happen now. Returns the parameters that are new, so that an optimizer can take them.
inline NewParameters begin_epoch(torch::nn::Module& network, std::size_t epoch) {
  NewParameters added;
  detail::for_each_choice_block(network, [&](const std::string& name, AnyChoiceBlock& block) {
    added.append(block.begin_epoch(epoch), detail::prefix_of(name));
  });
  return added;
}

/// Splits every choice block of a network whose policy splits and that is not split yet; the next
/// stage of a `staged_split`. Returns the parameters that are new. *Throws* c10::Error if no block
/// can split.
inline NewParameters split_now(torch::nn::Module& network) {
  NewParameters added;
  std::string first;  // block, with its policy
  bool can_split = false;
  detail::for_each_choice_block(network, [&](const std::string& name, AnyChoiceBlock& block) {
    can_split = can_split || block.can_split();
    if (first.empty()) first = "'" + name + "', whose policy is " + block.policy();
    added.append(block.split_now(), detail::prefix_of(name));
  });
  TORCH_CHECK(can_split, "interchoice: split_now: ",
              first.empty() ? "the network has no choice block"
                            : "no choice block of the network can split, such as " + first,
              "; give them split<on_demand>, grouped_split or staged_split, alone or within "
              "compose<...>, or do "
              "not call it");
  return added;
}

/// Whether a choice block of a network is split.
inline bool is_split(const torch::nn::Module& network) {
  bool split = false;
  detail::for_each_choice_block(network, [&](const std::string&, const AnyChoiceBlock& block) {
    split = split || block.is_split();
  });
  return split;
}

}  // namespace interchoice
