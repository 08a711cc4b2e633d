#pragma once

#include <cstddef>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/evaluation/sharing_plan.hpp"

namespace interchoice {

/// The work that sharing prefixes is expected to save.
struct SharingCost {
  std::size_t networks = 0;     ///< different networks among the architectures
  std::size_t runs_alone = 0;   ///< segment runs if each network is evaluated on its own
  std::size_t runs_shared = 0;  ///< segment runs by the plan
  double cost_alone = 0;        ///< the same, each run weighted by its cost
  double cost_shared = 0;

  /// cost_shared / cost_alone, in (0, 1]; 1 if there is nothing to evaluate.
  double ratio() const { return cost_alone > 0 ? cost_shared / cost_alone : 1; }
};

/// The work that a plan saves, before anything is evaluated:
///
///   cost_shared = sum over steps       of sum over their segments of cost(segment, architecture)
///   cost_alone  = sum over networks    of sum over all segments   of cost(segment, architecture)
///
/// `cost(segment, architecture)` is the cost of running a segment for all images: parameters, MACs,
/// seconds, or 1. *Cost*: one call for each segment run.
template <SearchSpace Space, class Cost>
SharingCost sharing_cost(const SharingPlan& plan,
                         const std::vector<Architecture<Space>>& architectures, Cost&& cost) {
  SharingCost total;
  const std::size_t segments = plan.segment_count();
  for (const SharingPlan::Step& step : plan.steps()) {
    const Architecture<Space>& architecture = architectures[plan.order()[step.first]];
    const bool is_leaf = step.to == segments;
    total.networks += is_leaf ? 1 : 0;
    total.runs_alone += is_leaf ? segments : 0;
    total.runs_shared += step.to - step.from;
    for (std::size_t i = is_leaf ? 0 : step.from; i < step.to; ++i) {
      const double value = cost(i, architecture);
      if (is_leaf) total.cost_alone += value;
      if (i >= step.from) total.cost_shared += value;
    }
  }
  return total;
}

}  // namespace interchoice
