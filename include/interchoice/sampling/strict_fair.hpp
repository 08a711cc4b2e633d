#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"

namespace interchoice {

/// Strict fairness: n paths a step that together use every allowed candidate of every choice
/// exactly once, n being the number of candidates of each choice.
///
///   path_j = (pi_1(j), ..., pi_m(j))      pi_i: an own random permutation for each choice and step
///
/// `train` adds up the paths' gradients and makes one optimizer step.
///
/// *Throws*: the constructor `std::invalid_argument` if the restriction leaves the choices unequal
/// numbers of candidates.
///
/// *Source*: FairNAS (Chu et al. 2021), algorithm 1. The reference implementation uses up
/// permutations that are renewed when they are empty, which comes to the same.
template <SearchSpace Space>
class StrictFair {
 public:
  /// Over all candidates of the space. Does not compile for a space of unequal choices.
  constexpr StrictFair() : StrictFair(all<Space>) {
    static_assert(!unequal_choice(all<Space>),
                  "interchoice: strict fairness needs every choice to have the same number of "
                  "candidates; use Uniform");
  }

  /// Over the candidates that a restriction allows.
  constexpr explicit StrictFair(const Restriction<Space>& restriction) : restriction_(restriction) {
    if (const auto choice = unequal_choice(restriction)) {
      throw std::invalid_argument(fmt::format(
          "interchoice: strict fairness needs every choice to have the same number of candidates; "
          "here choice 0 of '{}' has {}, choice {} has {}. Use Uniform or another restriction",
          Space::name, paths_per_step(), *choice, restriction.candidates(*choice).size()));
    }
  }

  /// The number of candidates that each choice may take.
  constexpr std::size_t paths_per_step() const { return restriction_.candidates(0).size(); }

  constexpr std::vector<Architecture<Space>> operator()(CounterRandom& random) const {
    std::vector<Architecture<Space>> paths(paths_per_step());
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      const auto allowed = restriction_.candidates(choice);
      std::vector<std::uint8_t> order(allowed.begin(), allowed.end());
      shuffle(std::span(order), random);
      for (std::size_t i = 0; i < order.size(); ++i) paths[i] = paths[i].with(choice, order[i]);
    }
    return paths;
  }

  std::string text() const { return fmt::format("strictly fair over {}", to_text(restriction_)); }

 private:
  // The first choice whose number of candidates is not that of choice 0.
  static constexpr std::optional<std::size_t> unequal_choice(
      const Restriction<Space>& restriction) {
    for (std::size_t choice = 1; choice < Space::choice_count; ++choice) {
      if (restriction.candidates(choice).size() != restriction.candidates(0).size()) return choice;
    }
    return {};
  }

  Restriction<Space> restriction_;
};

}  // namespace interchoice
