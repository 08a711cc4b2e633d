#pragma once

#include <fmt/core.h>

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "interchoice/predictors/detail/kept_network.hpp"
#include "interchoice/predictors/scored_network.hpp"

namespace interchoice {

/// A score of a network that nobody has trained: larger for what should become better. Any callable
/// `double(ScoredNetwork&)`, the library's or one's own.
///
///     const ic::Score own("mean weight", [](ic::ScoredNetwork& net) { return ...; });
///
/// It leaves the network as it was: weights, buffers, gradients, modes, and libtorch's random
/// numbers, whatever the callable does to them. Scores that are not finite are worst (see
/// `undefined_as_worst`). *Cost*: what the callable costs, and a copy of the weights.
class Score {
 public:
  template <class Callable>
  Score(std::string name, const Callable& callable) : name_(std::move(name)), call_(callable) {
    static_assert(std::is_invocable_r_v<double, const Callable&, ScoredNetwork&>,
                  "interchoice: a Score needs a callable `double(ScoredNetwork&)`; see "
                  "predictors/score.hpp");
  }

  /// One of the library's, which know their names.
  template <class Callable>
  requires(!std::derived_from<Callable, Score>)
      Score(const Callable& callable)  // NOLINT(google-explicit-constructor)
      : Score(name_of(callable), callable) {}

  const std::string& name() const { return name_; }

  double operator()(ScoredNetwork& network) const {
    const detail::KeptNetwork kept(network.module());
    return call_(network);
  }

 private:
  template <class Callable>
  static std::string name_of(const Callable& callable) {
    if constexpr (requires {
                    { callable.name() } -> std::convertible_to<std::string>;
                  }) {
      return callable.name();
    } else {
      static_assert(
          requires { std::string_view(Callable::name); },
          "interchoice: a Score needs a name; write Score(\"name\", callable)");
      return std::string(Callable::name);
    }
  }

  std::string name_;
  std::function<double(ScoredNetwork&)> call_;
};

}  // namespace interchoice
