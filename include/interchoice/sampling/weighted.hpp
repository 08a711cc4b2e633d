#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/sampling/detail/weights.hpp"

namespace interchoice {

/// One candidate for each choice, independently, with probabilities in proportion to weights.
///
///   P(c_i = k) = w(i, k) / sum of w(i, j) over the allowed j
///
/// `weight(choice, candidate)` is asked once for every allowed candidate, at construction; a weight
/// of 0 excludes a candidate. Weights need not sum to 1.
///
/// *Throws*: the constructor `std::invalid_argument` for a weight that is negative or not finite,
/// and for a choice whose weights sum to less than 1e-290 or to no finite number.
///
/// *Cost*: a draw is O(number of candidates); 8 bytes a candidate.
template <SearchSpace Space>
class Weighted {
 public:
  template <class Weight>
  constexpr Weighted(const Restriction<Space>& restriction, const Weight& weight)
      : restriction_(restriction) {
    static_assert(std::is_invocable_r_v<double, const Weight&, std::size_t, std::size_t>,
                  "interchoice: Weighted needs weights as a callable (choice, candidate) that "
                  "returns a number; wrap a table in a lambda");
    if constexpr (std::is_invocable_r_v<double, const Weight&, std::size_t, std::size_t>) {
      for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
        const auto allowed = restriction_.candidates(choice);
        for (std::size_t i = 0; i < allowed.size(); ++i) {
          weights_[choice][i] = static_cast<double>(weight(choice, std::size_t{allowed[i]}));
        }
        detail::check_weights(
            weights(choice), [&] { return fmt::format("choice {} of '{}'", choice, Space::name); },
            [&](std::size_t i) {
              return fmt::format("'{}'", Space::candidate_name(choice, allowed[i]));
            });
      }
    }
  }

  constexpr Architecture<Space> operator()(CounterRandom& random) const {
    std::array<std::uint8_t, Space::choice_count> candidates{};
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      const std::size_t place = detail::draw_by_weight(weights(choice), random);
      candidates[choice] = restriction_.candidates(choice)[place];
    }
    return Architecture<Space>(candidates);
  }

  std::string text() const {
    std::string text = fmt::format("weighted over {} by", to_text(restriction_));
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      if (choice > 0) text += " |";
      for (const double weight : weights(choice)) text += fmt::format(" {}", weight);
    }
    return text;
  }

 private:
  constexpr std::span<const double> weights(std::size_t choice) const {
    return {weights_[choice].data(), restriction_.candidates(choice).size()};
  }

  Restriction<Space> restriction_;
  // Of the allowed candidates, in their order.
  std::array<std::array<double, max_candidate_count<Space>()>, Space::choice_count> weights_{};
};

}  // namespace interchoice
