#pragma once

#include <fmt/core.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <string>
#include <unordered_map>

#include "interchoice/export/detail/compared_traces.hpp"

namespace interchoice::detail {

/// Where the operators of a trace stand in the network, as far as its parameters tell.
class TracedPlaces {
 public:
  using Value = torch::jit::Value;
  using Node = torch::jit::Node;

  explicit TracedPlaces(const ComparedTraces& traces) : traces_(traces) {
    const auto& inputs = traces.graph().inputs();
    for (std::size_t i = 0; i < traces.state().size(); ++i) {
      state_names_[inputs[i + 1]] = traces.state()[i].first;
    }
  }

  /// The name of a parameter or buffer; null for other values.
  const std::string* state_name(const Value& value) const {
    const auto found = state_names_.find(&value);
    return found == state_names_.end() ? nullptr : &found->second;
  }

  /// The module that a node belongs to.
  std::string module_of(const Node& node) const {
    std::string module;
    for (const Value* input : node.inputs()) {
      if (const std::string* const name = state_name(*input)) module = owner(*name);
    }
    return module;
  }

  /// Where in the network a node stands, for people.
  std::string place_of(const Node& node) const {
    if (const std::string own = module_of(node); !own.empty()) return fmt::format("in '{}'", own);
    std::string before;
    std::string after;
    bool is_behind = false;
    for (const Node* other : traces_.graph().nodes()) {
      is_behind = is_behind || other == &node;
      const std::string module = module_of(*other);
      if (module.empty()) continue;
      if (!is_behind) before = module;
      if (is_behind && after.empty()) after = module;
    }
    if (before.empty() && after.empty()) return "in a network without parameters";
    if (before.empty()) return fmt::format("before '{}'", after);
    if (after.empty()) return fmt::format("behind '{}'", before);
    return fmt::format("between '{}' and '{}'", before, after);
  }

 private:
  // The network itself for its own parameters.
  static std::string owner(const std::string& parameter) {
    const std::size_t dot = parameter.rfind('.');
    return dot == std::string::npos ? parameter : parameter.substr(0, dot);
  }

  const ComparedTraces& traces_;
  std::unordered_map<const Value*, std::string> state_names_;
};

}  // namespace interchoice::detail
