#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
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
    static_assert(unequal_choice(all<Space>) == 0,
                  "interchoice: strict fairness needs every choice to have the same number of "
                  "candidates; use Uniform");
  }

  /// Over the candidates that a restriction allows.
  constexpr explicit StrictFair(const Restriction<Space>& restriction) : restriction_(restriction) {
    if (const std::size_t choice = unequal_choice(restriction); choice != 0) {
      throw std::invalid_argument(fmt::format(
          "interchoice: strict fairness needs every choice to have the same number of candidates; "
          "here choice 0 of '{}' has {}, choice {} has {}. Use Uniform or another restriction",
          Space::name, paths_per_step(), choice, restriction.candidates(choice).size()));
    }
  }

  /// The number of candidates that each choice may take.
  constexpr std::size_t paths_per_step() const { return restriction_.candidates(0).size(); }

  constexpr std::vector<Architecture<Space>> operator()(CounterRandom& random) const {
    std::vector<Architecture<Space>> paths(paths_per_step());
    std::array<std::uint8_t, max_candidate_count<Space>()> order{};
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      const auto allowed = restriction_.candidates(choice);
      for (std::size_t i = 0; i < allowed.size(); ++i) order[i] = allowed[i];
      for (std::size_t last = allowed.size(); last > 1; --last) {  // as `permutation`
        std::swap(order[last - 1], order[random.below(static_cast<std::uint32_t>(last))]);
      }
      for (std::size_t i = 0; i < allowed.size(); ++i) {
        paths[i] = paths[i].with(choice, order[i]);
      }
    }
    return paths;
  }

  std::string text() const { return fmt::format("strictly fair over {}", to_text(restriction_)); }

 private:
  // The first choice whose number of candidates is not that of choice 0; 0 if there is none.
  static constexpr std::size_t unequal_choice(const Restriction<Space>& restriction) {
    for (std::size_t choice = 1; choice < Space::choice_count; ++choice) {
      if (restriction.candidates(choice).size() != restriction.candidates(0).size()) return choice;
    }
    return 0;
  }

  Restriction<Space> restriction_;
};

}  // namespace interchoice
