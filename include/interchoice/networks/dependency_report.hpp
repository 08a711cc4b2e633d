#pragma once

#include <fmt/core.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/nn/begin_epoch.hpp"

namespace interchoice {

/// The priors of one location of a network, and the candidates for which they can matter.
struct DependencyRow {
  std::string block;                ///< module name
  std::string policy;               ///< such as bias<1>
  Context context;                  ///< location, choice, priors
  std::vector<std::string> active;  ///< candidates whose training-mode output the policy can change
  std::vector<std::string> inert;  ///< candidates for which a dependent weight could change nothing
  std::int64_t parameters = 0;     ///< of the policy here: tables and copies
};

/// For every location of a network which prior it uses and what of it can matter, in registration
/// order.
inline std::vector<DependencyRow> dependency_report(const torch::nn::Module& network) {
  std::vector<DependencyRow> rows;
  detail::for_each_choice_block(network, [&](const std::string& name, const AnyChoiceBlock& block) {
    DependencyRow row{name, block.policy(), block.context(), {}, {}};
    for (std::size_t c = 0; c < row.context.candidates(); ++c) {
      (block.is_observed(c) ? row.active : row.inert).push_back(block.candidate_name(c));
    }
    for (const at::Tensor& p : block.parameters()) row.parameters += p.numel();
    for (const at::Tensor& p : block.candidate_parameters()) row.parameters -= p.numel();
    rows.push_back(std::move(row));
  });
  return rows;
}

/// A line for a row: `cells.0.edge02  location 1, choice 1: priors 0 (choice 0), 5 contexts, 320
/// parameters; inert for none`.
inline std::string to_text(const DependencyRow& row) {
  const Context& context = row.context;
  std::string text =
      fmt::format("{}  location {}, choice {}: ", row.block, context.location(), context.choice());
  if (context.depth() == 0) return text + "no prior";
  for (std::size_t i = 0; i < context.depth(); ++i) {
    const Prior& prior = context.prior(i);
    text += fmt::format("{} {} (choice {})", i == 0 ? "priors" : ",", prior.location, prior.choice);
  }
  text += fmt::format(", {} contexts, {} parameters", context.context_count(), row.parameters);
  if (row.active.empty()) return text + "; inert for every candidate";
  for (std::size_t i = 0; i < row.inert.size(); ++i) {
    text += (i == 0 ? "; inert for " : ", ") + row.inert[i];
  }
  return text;
}

/// The text of `dependency_report`, a line for each location.
///
/// An entry is *inert* if no weight there could change a training-mode output: the candidate's own
/// BatchNorm or what follows the location takes it out again. No parameters are kept for inert
/// entries, unless the policy is `keep_inert<...>`.
inline std::string describe(const torch::nn::Module& network) {
  std::string text;
  for (const DependencyRow& row : dependency_report(network)) text += to_text(row) + "\n";
  return text;
}

}  // namespace interchoice
