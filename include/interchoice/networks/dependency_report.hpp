#pragma once

#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/nn/begin_epoch.hpp"

namespace interchoice {

/// What conditions one location of a network, and for which candidates that can matter.
struct DependencyRow {
  std::string block;                // module name
  std::string policy;               // such as bias<1>
  Context context;                  // location, choice, priors
  std::vector<std::string> active;  // candidates whose training-mode output the policy can change
  std::vector<std::string> inert;   // candidates for which a dependent weight could change nothing
  std::int64_t parameters = 0;      // of the policy here: tables and copies
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
  std::string text = row.block + "  location " + std::to_string(row.context.location()) +
                     ", choice " + std::to_string(row.context.choice()) + ": ";
  if (row.context.depth() == 0) return text + "no prior";
  text += "priors";
  for (std::size_t i = 0; i < row.context.depth(); ++i) {
    const Prior& prior = row.context.prior(i);
    text += (i == 0 ? " " : ", ") + std::to_string(prior.location) + " (choice " +
            std::to_string(prior.choice) + ")";
  }
  text += ", " + std::to_string(row.context.context_count()) + " contexts, " +
          std::to_string(row.parameters) + " parameters";
  if (row.active.empty()) return text + "; inert for every candidate";
  for (std::size_t i = 0; i < row.inert.size(); ++i) {
    text += (i == 0 ? "; inert for " : ", ") + row.inert[i];
  }
  return text;
}

/// Everything that `dependency_report` knows, a line for each location.
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
