#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/stats/detail/checked_values.hpp"

namespace interchoice::detail {

/// Refuses fewer than `fewest` runs, runs of different lengths and values without a place in an
/// order.
///
/// *Throws*: `std::invalid_argument` with the statistic, the run and what is wrong.
inline void check_runs(const char* statistic, std::span<const std::vector<double>> runs,
                       std::size_t fewest, std::size_t fewest_values) {
  if (runs.size() < fewest) {
    throw std::invalid_argument("interchoice: " + std::string(statistic) + ": there are " +
                                std::to_string(runs.size()) + " runs; at least " +
                                std::to_string(fewest) + " are needed");
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].size() != runs[0].size()) {
      throw std::invalid_argument("interchoice: " + std::string(statistic) + ": run " +
                                  std::to_string(i) + " has " + std::to_string(runs[i].size()) +
                                  " values, run 0 has " + std::to_string(runs[0].size()) +
                                  "; give one of each for every architecture");
    }
    const std::string name = "run " + std::to_string(i) + " ";
    check_values(statistic, {name.c_str(), runs[i]}, fewest_values);
  }
}

}  // namespace interchoice::detail
