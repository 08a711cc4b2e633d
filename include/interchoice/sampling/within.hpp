#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "interchoice/core/random.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/sampling/distribution.hpp"

namespace interchoice {

/// The costs that an architecture may have, in the units of the cost function; both ends belong to
/// it.
struct Budget {
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  std::uint32_t max_tries = 10'000;  ///< draws until a step is given up
};

/// A distribution restricted to the architectures whose cost is within a budget, by rejection:
/// draws until one fits.
///
///   P(a) = P_distribution(a) / P_distribution(low <= cost <= high)
///
/// `cost(architecture)` is any callable that returns a number: parameters, MACs, a measured time.
/// `Named{text, cost}` where the text of the distribution is needed.
///
/// *Throws*: `std::invalid_argument` the constructor for an impossible budget, drawing for a cost
/// that is NaN; drawing `std::runtime_error` when `max_tries` draws were all rejected; it says what
/// they cost.
///
/// *Cost*: 1 / P_distribution(low <= cost <= high) draws and calls of `cost` on average. *Source*:
/// SPOS (Guo et al. 2020), section 3.4.
template <class Distribution, class Cost>
class Within {
  using Space = drawn_space_t<Distribution>;
  static_assert(interchoice::Distribution<Distribution>,
                "interchoice: Within needs a distribution of single architectures: a callable "
                "(CounterRandom&) const that returns an Architecture<Space>");
  static_assert(!interchoice::Distribution<Distribution> ||
                    std::is_invocable_r_v<double, const Cost&, const Architecture<Space>&>,
                "interchoice: Within needs a cost: a callable (const Architecture<Space>&) const "
                "that returns a number");

 public:
  constexpr Within(Distribution distribution, Cost cost, const Budget& budget)
      : distribution_(std::move(distribution)), cost_(std::move(cost)), budget_(budget) {
    if (!(budget_.low <= budget_.high) || budget_.max_tries == 0) {
      throw std::invalid_argument(
          fmt::format("interchoice: a budget from {} to {} with {} tries; low <= high and at least "
                      "one try are needed",
                      budget_.low, budget_.high, budget_.max_tries));
    }
  }

  constexpr Architecture<Space> operator()(CounterRandom& random) const {
    double least = std::numeric_limits<double>::infinity();
    double most = -std::numeric_limits<double>::infinity();
    for (std::uint32_t tries = 0; tries < budget_.max_tries; ++tries) {
      const Architecture<Space> architecture = distribution_(random);
      const double cost = static_cast<double>(cost_(architecture));
      if (!(cost <= std::numeric_limits<double>::infinity())) {
        throw std::invalid_argument(fmt::format(
            "interchoice: the cost of '{}' is NaN, and a budget is from {} to {}; return a number "
            "for every architecture that is drawn",
            to_text(architecture), budget_.low, budget_.high));
      }
      if (cost >= budget_.low && cost <= budget_.high) return architecture;
      least = std::min(least, cost);
      most = std::max(most, cost);
    }
    throw std::runtime_error(fmt::format(
        "interchoice: none of {} architectures was accepted; they cost {} to {}, the budget is {} "
        "to {}. Widen the budget or allow more tries",
        budget_.max_tries, least, most, budget_.low, budget_.high));
  }

  std::string text() const requires(HasText<Distribution>&& HasText<Cost>) {
    return fmt::format("({}) within {} to {} of '{}', {} tries", std::string(distribution_.text()),
                       budget_.low, budget_.high, std::string(cost_.text()), budget_.max_tries);
  }

 private:
  Distribution distribution_;
  Cost cost_;
  Budget budget_;
};

}  // namespace interchoice
