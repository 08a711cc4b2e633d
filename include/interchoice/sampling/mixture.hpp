#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "interchoice/sampling/detail/weights.hpp"
#include "interchoice/sampling/distribution.hpp"

namespace interchoice {

/// One of several distributions, with probabilities in proportion to weights:
/// `Mixture{{0.9, 0.1}, Uniform{restriction}, Fixed{architecture}}`.
///
///   P(a) = sum of w_i P_i(a) / sum of w_i
///
/// *Throws*: the constructor `std::invalid_argument` as that of `Weighted`.
template <class First, class... Others>
class Mixture {
  using Space = drawn_space_t<First>;
  static_assert(Distribution<First> && (Distribution<Others> && ...) &&
                    (std::is_same_v<Space, drawn_space_t<Others>> && ...),
                "interchoice: Mixture needs distributions of single architectures of one space: "
                "callables (CounterRandom&) const that return an Architecture<Space>");

 public:
  template <std::size_t Weights>
  constexpr Mixture(const double (&weights)[Weights], First first, Others... others)
      : distributions_(std::move(first), std::move(others)...) {
    static_assert(Weights == 1 + sizeof...(Others),
                  "interchoice: Mixture needs as many weights as distributions; write "
                  "Mixture{{w1, w2}, d1, d2}");
    std::copy_n(weights, std::min(Weights, weights_.size()), weights_.begin());
    detail::check_weights(
        weights_, [] { return "a mixture"; },
        [](std::size_t i) { return fmt::format("distribution {}", i); });
  }

  constexpr Architecture<Space> operator()(CounterRandom& random) const {
    return draw<0>(detail::draw_by_weight(weights_, random), random);
  }

  std::string text() const requires(HasText<First> && (HasText<Others> && ...)) {
    std::string text = "mixture of";
    std::apply(
        [&](const auto&... distributions) {
          std::size_t i = 0;
          ((text += fmt::format(" {} ({})", weights_[i++], std::string(distributions.text()))),
           ...);
        },
        distributions_);
    return text;
  }

 private:
  template <std::size_t I>
  constexpr Architecture<Space> draw(std::size_t place, CounterRandom& random) const {
    if constexpr (I < sizeof...(Others)) {
      if (place != I) return draw<I + 1>(place, random);
    }
    return std::get<I>(distributions_)(random);
  }

  std::array<double, 1 + sizeof...(Others)> weights_{};
  std::tuple<First, Others...> distributions_;
};

}  // namespace interchoice
