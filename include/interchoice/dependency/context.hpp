#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>

#include "interchoice/dependency/policy.hpp"

namespace interchoice {

/// A prior of a location: where it is, which choice it applies, how many candidates that has.
struct Prior {
  std::size_t location;
  std::size_t choice;
  std::size_t candidates;
  friend constexpr bool operator==(const Prior&, const Prior&) = default;
};

/// The priors that condition a location under a policy, and the row of a dependent table that an
/// architecture selects there.
///
/// The table of a location has the shape [n_pD, ..., n_p1, n_c] (farthest prior first, own choice
/// last), stored row-major: row = ((p_D * n_p(D-1) + ...) * n_p1 + p_1) * n_c + c. Sizes are those
/// of the unrestricted space. Near the start of the network there are fewer than D priors.
///
/// A constexpr value: `constexpr Context context = context_at<Space, bias<1>>(3);`
class Context {
 public:
  constexpr Context(std::size_t location, std::size_t choice, std::size_t candidates)
      : location_(location), choice_(choice), candidates_(candidates) {}

  /// Adds the next farther prior. *Throws* std::length_error beyond 16 priors,
  /// std::invalid_argument beyond 2^31 rows.
  constexpr void add_prior(const Prior& prior) {
    if (depth_ == priors_.size()) {
      throw std::length_error(
          fmt::format("interchoice: location {} has more than {} priors; use a smaller depth",
                      location_, priors_.size()));
    }
    if (row_count() * prior.candidates > kMaxRows) {
      throw std::invalid_argument(fmt::format(
          "interchoice: the table of location {} would need more than 2^31 rows; use a smaller "
          "depth",
          location_));
    }
    priors_[depth_++] = prior;
    contexts_ *= prior.candidates;
  }

  /// The location that is conditioned.
  constexpr std::size_t location() const { return location_; }
  /// The choice that the location applies.
  constexpr std::size_t choice() const { return choice_; }
  /// The number of candidates of that choice.
  constexpr std::size_t candidates() const { return candidates_; }

  /// The number of priors: the policy's depth, or fewer near the start of the network.
  constexpr std::size_t depth() const { return depth_; }
  /// A prior; 0 is the nearest.
  constexpr const Prior& prior(std::size_t i) const { return priors_[i]; }

  /// The number of combinations of the priors' candidates; 1 where there is no prior.
  constexpr std::size_t context_count() const { return contexts_; }
  /// The number of combinations of the priors' candidates and the own ones.
  constexpr std::size_t row_count() const { return contexts_ * candidates_; }

  /// The combination of prior candidates that an architecture selects. *Cost*: O(depth).
  constexpr std::size_t context_of(std::span<const std::uint8_t> architecture) const {
    std::size_t index = 0;
    for (std::size_t i = depth_; i-- > 0;) {
      index = index * priors_[i].candidates + architecture[priors_[i].choice];
    }
    return index;
  }
  /// The candidate that an architecture selects here.
  constexpr std::size_t candidate_of(std::span<const std::uint8_t> architecture) const {
    return architecture[choice_];
  }
  /// The row of the table that an architecture selects.
  constexpr std::size_t row_of(std::span<const std::uint8_t> architecture) const {
    return context_of(architecture) * candidates_ + candidate_of(architecture);
  }

  friend constexpr bool operator==(const Context&, const Context&) = default;

 private:
  static constexpr std::size_t kMaxRows = std::size_t{1} << 31;

  std::size_t location_;
  std::size_t choice_;
  std::size_t candidates_;
  std::size_t depth_ = 0;
  std::size_t contexts_ = 1;
  std::array<Prior, LocationList::kCapacity> priors_{};
};

/// The context of a location of `Space` under `Policy`.
/// *Throws* std::out_of_range for a location that the space does not have.
template <SearchSpace Space, class Policy>
constexpr Context context_at(std::size_t location) {
  static_assert(detail::CheckedPolicy<Policy>::value);
  if (!Space::repeats && location >= Space::location_period) {
    throw std::out_of_range(fmt::format("interchoice: location {} of '{}', which has {} locations",
                                        location, Space::name, Space::location_period));
  }
  using Order = prior_order_t<Policy>;
  static_assert(PriorOrder<Order, Space>,
                "interchoice: a prior order needs `name` and `priors<Space>(location, depth)`; use "
                "interchoice::registration or interchoice::dataflow");
  const std::size_t choice = Space::choice_at(location);
  Context context(location, choice, Space::candidate_count(choice));
  const LocationList priors = Order::template priors<Space>(location, Policy::depth);
  for (const std::size_t prior : priors) {
    const std::size_t prior_choice = Space::choice_at(prior);
    context.add_prior({prior, prior_choice, Space::candidate_count(prior_choice)});
  }
  return context;
}

}  // namespace interchoice
