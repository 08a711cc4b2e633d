#pragma once

#include <numeric>
#include <string>
#include <vector>

namespace interchoice {

/// What came of a step.
struct StepOutcome {
  std::vector<double> losses;  ///< of its paths
  bool skipped = false;        ///< `NonFinite::kSkip`: nothing was learnt
  std::string fault = {};      ///< of a step that was skipped: what was not finite

  /// The mean over the paths.
  double loss() const {
    return std::reduce(losses.begin(), losses.end()) / static_cast<double>(losses.size());
  }
};

/// The paths that a step trained, and what came of it.
template <class Path>
struct StepRecord : StepOutcome {
  std::vector<Path> paths;
};

}  // namespace interchoice
