#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "interchoice/core/random.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/sampling/sampler.hpp"

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
/// *Cost*: a step is O(number of candidates); 8 bytes a candidate.
template <SearchSpace Space>
class WeightedSampler {
 public:
  template <class Weight>
  constexpr WeightedSampler(const Restriction<Space>& restriction, const Weight& weight, Seed seed,
                            Stream stream = Stream::kPaths)
      : restriction_(restriction), seed_(seed), stream_(stream) {
    static_assert(std::is_invocable_r_v<double, const Weight&, std::size_t, std::size_t>,
                  "interchoice: WeightedSampler needs weights as a callable (choice, candidate) "
                  "that returns a number; wrap a table in a lambda");
    if constexpr (std::is_invocable_r_v<double, const Weight&, std::size_t, std::size_t>) {
      for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
        const auto allowed = restriction_.candidates(choice);
        double sum = 0;
        for (std::size_t i = 0; i < allowed.size(); ++i) {
          sum += checked(choice, allowed[i], weight(choice, std::size_t{allowed[i]}));
          sums_[choice][i] = sum;
        }
        if (!(sum >= kLeastSum && sum <= std::numeric_limits<double>::max())) {
          throw std::invalid_argument("interchoice: the weights of choice " +
                                      std::to_string(choice) + " of '" + std::string(Space::name) +
                                      "' sum to " + std::to_string(sum) +
                                      "; a finite sum of at least 1e-290 is needed");
        }
      }
    }
  }

  /// The architecture of a step: always the same for the same seed, epoch and step.
  constexpr Architecture<Space> operator()(std::uint64_t epoch, std::uint64_t step) const {
    CounterRandom random(seed_, stream_, epoch, step);
    std::array<std::uint8_t, Space::choice_count> candidates{};
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      const auto allowed = restriction_.candidates(choice);
      const double place = random.unit() * sums_[choice][allowed.size() - 1];
      std::size_t i = 0;
      while (!(place < sums_[choice][i])) ++i;
      candidates[choice] = allowed[i];
    }
    return Architecture<Space>(candidates);
  }

  /// P(c_choice = candidate); 0 for a candidate that is not allowed.
  constexpr double probability(std::size_t choice, std::size_t candidate) const {
    const auto allowed = restriction_.candidates(choice);
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      if (allowed[i] != candidate) continue;
      const double below = i == 0 ? 0 : sums_[choice][i - 1];
      return (sums_[choice][i] - below) / sums_[choice][allowed.size() - 1];
    }
    return 0;
  }

 private:
  // Far above the denormal numbers, where a place below the sum could round to the sum.
  static constexpr double kLeastSum = 1e-290;

  static constexpr double checked(std::size_t choice, std::size_t candidate, double weight) {
    if (!(weight >= 0 && weight <= std::numeric_limits<double>::max())) {
      throw std::invalid_argument("interchoice: the weight of '" +
                                  std::string(Space::candidate_name(choice, candidate)) +
                                  "' in choice " + std::to_string(choice) + " is " +
                                  std::to_string(weight) + "; it must be finite and not negative");
    }
    return weight;
  }

  Restriction<Space> restriction_;
  // Sums of the allowed candidates' weights up to and with each one.
  std::array<std::array<double, max_candidate_count<Space>()>, Space::choice_count> sums_{};
  Seed seed_;
  Stream stream_;
};

}  // namespace interchoice
