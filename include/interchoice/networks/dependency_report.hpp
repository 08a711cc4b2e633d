#pragma once

#include <torch/nn/module.h>

#include <cstddef>
#include <string>
#include <vector>

#include "interchoice/nn/begin_epoch.hpp"

namespace interchoice {

/// What conditions one location of a network.
struct DependencyRow {
  std::string block;   // module name
  std::string policy;  // such as bias<1>
  Context context;     // location, choice, priors
};

/// For every location of a network which prior it uses, in registration order.
inline std::vector<DependencyRow> dependency_report(const torch::nn::Module& network) {
  std::vector<DependencyRow> rows;
  detail::for_each_choice_block(network, [&](const std::string& name, const AnyChoiceBlock& block) {
    rows.push_back({name, block.policy(), block.context()});
  });
  return rows;
}

/// A line for a row: `cells.0.edge01  location 0, choice 0: no prior`.
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
  return text + ", " + std::to_string(row.context.context_count()) + " contexts";
}

}  // namespace interchoice
