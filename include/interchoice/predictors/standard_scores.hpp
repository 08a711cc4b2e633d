#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/predictors/fisher.hpp"
#include "interchoice/predictors/grad_norm.hpp"
#include "interchoice/predictors/grasp.hpp"
#include "interchoice/predictors/jacov.hpp"
#include "interchoice/predictors/l2_norm.hpp"
#include "interchoice/predictors/macs.hpp"
#include "interchoice/predictors/nwot.hpp"
#include "interchoice/predictors/operation_count.hpp"
#include "interchoice/predictors/parameters.hpp"
#include "interchoice/predictors/plain.hpp"
#include "interchoice/predictors/score.hpp"
#include "interchoice/predictors/snip.hpp"
#include "interchoice/predictors/synflow.hpp"
#include "interchoice/predictors/zen.hpp"

namespace interchoice {

/// All scores of the library that need no name of an operation, those that cost least first.
inline std::vector<Score> standard_scores() {
  return {Parameters{}, L2Norm{}, Macs{},  Synflow{},  Nwot{},   Zen{},
          Jacov{},      Snip{},   Plain{}, GradNorm{}, Fisher{}, Grasp{}};
}

/// Their names.
inline std::vector<std::string> score_names() {
  std::vector<std::string> names;
  for (const Score& score : standard_scores()) names.push_back(score.name());
  return names;
}

/// The score of a name: one of `score_names()`, or `count:` and an operation's name.
///
/// *Throws* std::invalid_argument that lists the names.
inline Score score_named(std::string_view name) {
  constexpr std::string_view kCount = "count:";
  if (name.starts_with(kCount) && name.size() > kCount.size()) {
    return OperationCount{std::string(name.substr(kCount.size()))};
  }
  for (const Score& score : standard_scores()) {
    if (score.name() == name) return score;
  }
  throw std::invalid_argument(
      fmt::format("interchoice: there is no score {}; take one of {}, or count: and the name of an "
                  "operation",
                  shown(std::string(name)), detail::joined(score_names(), ", ")));
}

}  // namespace interchoice
