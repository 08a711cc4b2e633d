#pragma once

#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <string>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/nn/begin_epoch.hpp"

namespace interchoice {

/// The parameters of one part of a network.
struct ParameterRow {
  std::string part;
  /// Parameters of the plain super-network.
  std::int64_t plain = 0;
  /// Parameters that depend on combinations of choices: tables and copies.
  std::int64_t dependent = 0;
};

/// Parameters of a network, part by part, as in the paper's Tables 3 and 4.
///
/// A part is a direct child of the network or a parameter of its own; a child named `cells` or
/// `body` is listed child by child. *Cost*: one walk over the modules.
inline std::vector<ParameterRow> parameter_report(const torch::nn::Module& network) {
  std::vector<ParameterRow> rows;
  const auto add = [&](const std::string& part, const torch::nn::Module& module) {
    ParameterRow row{part};
    for (const at::Tensor& p : module.parameters()) row.plain += p.numel();
    detail::for_each_choice_block(module, [&](const std::string&, const AnyChoiceBlock& block) {
      std::int64_t candidates = 0;
      for (const at::Tensor& p : block.candidate_parameters()) candidates += p.numel();
      for (const at::Tensor& p : block.parameters()) row.dependent += p.numel();
      row.dependent -= candidates;
    });
    row.plain -= row.dependent;
    rows.push_back(row);
  };
  const auto add_own = [&](const std::string& prefix, const torch::nn::Module& module) {
    for (const auto& p : module.named_parameters(/*recurse=*/false)) {
      rows.push_back({prefix + p.key(), p.value().numel(), 0});
    }
  };
  add_own("", network);
  for (const auto& child : network.named_children()) {
    if (child.key() == "cells" || child.key() == "body") {
      add_own(child.key() + ".", *child.value());
      for (const auto& part : child.value()->named_children()) {
        add(child.key() + "." + part.key(), *part.value());
      }
    } else {
      add(child.key(), *child.value());
    }
  }
  return rows;
}

/// The sum of all rows.
inline ParameterRow parameter_total(const std::vector<ParameterRow>& rows) {
  ParameterRow sum{"sum"};
  for (const ParameterRow& row : rows) {
    sum.plain += row.plain;
    sum.dependent += row.dependent;
  }
  return sum;
}

/// The parameters of one path, without dependent ones: those of the network that the
/// architecture would be on its own. *Throws* c10::Error for a choice block of another space.
/// *Cost*: one walk over the modules.
template <SearchSpace Space>
std::int64_t path_parameters(const torch::nn::Module& network,
                             const Architecture<Space>& architecture) {
  std::int64_t count = 0;
  for (const at::Tensor& p : network.parameters()) count += p.numel();
  detail::for_each_choice_block(network, [&](const std::string& name, const AnyChoiceBlock& block) {
    TORCH_CHECK(block.space() == space_signature<Space>(), "interchoice: path_parameters: choice ",
                "block '", name, "' is of another space than the architecture: ", block.space(),
                "; give an architecture of the network's space");
    for (const at::Tensor& p : block.parameters()) count -= p.numel();
    const std::size_t candidate = block.context().candidate_of(architecture.candidates());
    for (const at::Tensor& p : block.candidate_parameters(candidate)) count += p.numel();
  });
  return count;
}

}  // namespace interchoice
