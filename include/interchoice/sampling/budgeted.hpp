#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/sampling/uniform.hpp"

namespace interchoice {

/// What an architecture may cost, in the units of the cost function; both ends belong to it.
struct Budget {
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  /// How many architectures are drawn for a step before it is given up.
  std::uint32_t max_tries = 10'000;
};

/// Uniformly distributed over the architectures of a restriction whose cost is within a budget, by
/// rejection: draws until one fits.
///
///   P(a) = 1 / |{a: low <= cost(a) <= high}|
///
/// `cost(architecture)` is any callable that returns a number: parameters, MACs, a measured time.
///
/// The first try of a step is what `UniformSampler` draws for it. *Throws*: the constructor
/// `std::invalid_argument` for an impossible budget, drawing `std::runtime_error` when `max_tries`
/// draws were all rejected; it says how many and what they cost.
///
/// *Cost*: 1 / (share within the budget) draws and calls of `cost` a step; see
/// `share_within_budget`. *Source*: SPOS (Guo et al. 2020), section 3.4.
template <SearchSpace Space, class Cost>
class BudgetedSampler {
  static_assert(
      std::is_invocable_r_v<double, const Cost&, const Architecture<Space>&>,
      "interchoice: BudgetedSampler needs a cost: a callable (const Architecture<Space>&) "
      "const that returns a number");

 public:
  constexpr BudgetedSampler(const Restriction<Space>& restriction, Cost cost, const Budget& budget,
                            Seed seed, Stream stream = Stream::kPaths)
      : restriction_(restriction),
        cost_(std::move(cost)),
        budget_(budget),
        seed_(seed),
        stream_(stream) {
    if (!(budget_.low <= budget_.high) || budget_.max_tries == 0) {
      throw std::invalid_argument("interchoice: a budget from " + std::to_string(budget_.low) +
                                  " to " + std::to_string(budget_.high) + " with " +
                                  std::to_string(budget_.max_tries) +
                                  " tries; low <= high and at least one try are needed");
    }
  }

  /// The architecture of a step: always the same for the same seed, epoch and step.
  constexpr Architecture<Space> operator()(std::uint64_t epoch, std::uint64_t step) const {
    CounterRandom random(seed_, stream_, epoch, step);
    double least = std::numeric_limits<double>::infinity();
    double most = -std::numeric_limits<double>::infinity();
    for (std::uint32_t tries = 0; tries < budget_.max_tries; ++tries) {
      const Architecture<Space> architecture = detail::draw_uniformly(restriction_, random);
      const double cost = cost_(architecture);
      if (fits(cost)) return architecture;
      least = std::min(least, cost);
      most = std::max(most, cost);
    }
    throw std::runtime_error(
        "interchoice: epoch " + std::to_string(epoch) + ", step " + std::to_string(step) +
        ": 0 of " + std::to_string(budget_.max_tries) +
        " architectures (0 %) were accepted; they cost " + std::to_string(least) + " to " +
        std::to_string(most) + ", the budget is " + std::to_string(budget_.low) + " to " +
        std::to_string(budget_.high) + ". Widen the budget or allow more tries");
  }

  /// The share of `draws` uniform architectures that is within the budget: what a step's
  /// acceptance is to be expected to be. *Throws* `std::invalid_argument` for no draws.
  constexpr double share_within_budget(std::uint32_t draws) const {
    if (draws == 0) {
      throw std::invalid_argument(
          "interchoice: the share within a budget of 0 draws; ask for more");
    }
    CounterRandom random(seed_, Stream::kEvaluation, 0, 0);
    std::uint32_t accepted = 0;
    for (std::uint32_t i = 0; i < draws; ++i) {
      accepted += fits(cost_(detail::draw_uniformly(restriction_, random))) ? 1 : 0;
    }
    return static_cast<double>(accepted) / static_cast<double>(draws);
  }

 private:
  constexpr bool fits(double cost) const { return cost >= budget_.low && cost <= budget_.high; }

  Restriction<Space> restriction_;
  Cost cost_;
  Budget budget_;
  Seed seed_;
  Stream stream_;
};

}  // namespace interchoice
