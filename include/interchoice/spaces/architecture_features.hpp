#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/space.hpp"

namespace interchoice {

/// The names of a space's candidates, each once, in the order in which choices name them.
template <SearchSpace Space>
std::vector<std::string_view> operation_names() {
  std::vector<std::string_view> names;
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    for (std::size_t i = 0; i < Space::candidate_count(choice); ++i) {
      const std::string_view name = Space::candidate_name(choice, i);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

/// How many choices take each operation, in the order of `operation_names`: features for
/// `RidgeRegression`.
template <SearchSpace Space>
std::vector<double> operation_counts(const Architecture<Space>& architecture) {
  const auto names = operation_names<Space>();
  std::vector<double> counts(names.size(), 0);
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    const auto name = Space::candidate_name(choice, architecture[choice]);
    counts[static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin())] +=
        1;
  }
  return counts;
}

/// A one for the candidate that each choice takes among zeros for the others: as many features as
/// the space has candidates.
template <SearchSpace Space>
std::vector<double> one_hot_choices(const Architecture<Space>& architecture) {
  std::vector<double> features;
  for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
    for (std::size_t i = 0; i < Space::candidate_count(choice); ++i) {
      features.push_back(architecture[choice] == i ? 1 : 0);
    }
  }
  return features;
}

}  // namespace interchoice
