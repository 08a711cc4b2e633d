#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "interchoice/dependency/policy.hpp"
#include "interchoice/dependency/response.hpp"

namespace interchoice {

namespace detail {

/// The effects of several policies; none declared where one of them declares none.
template <class... Policies>
struct ComposedEffects {};
template <class... Policies>
requires(HasEffects<Policies>&&...) struct ComposedEffects<Policies...> {
  static constexpr auto effects = [] {
    std::array<Effect, (Policies::effects.size() + ...)> all{};
    auto next = all.begin();
    ((next = std::copy(Policies::effects.begin(), Policies::effects.end(), next)), ...);
    return all;
  }();
};

}  // namespace detail

/// Several policies at once, each on hooks of its own: `compose<bias<1>, split<125>>`.
///
/// Every policy keeps its own depth and prior order. Two policies that both act on one hook, such
/// as two that give the input a vector, do not compose.
template <class... Policies>
struct compose : detail::ComposedEffects<Policies...> {
  static_assert((detail::CheckedPolicy<Policies>::value && ...));
  static_assert(sizeof...(Policies) >= 2,
                "interchoice: compose<Policies...> needs at least two policies; for one use it "
                "itself, for no dependency use interchoice::none");

  /// All locations that one of the policies looks at, nearest first.
  struct prior_order {
    static constexpr std::string_view name = "composed";
    /// *Throws* std::length_error if they are more than 16.
    template <SearchSpace Space>
    static constexpr LocationList priors(std::size_t location, std::size_t) {
      const std::array lists{
          prior_order_t<Policies>::template priors<Space>(location, Policies::depth)...};
      LocationList all;
      for (std::size_t listed = location;;) {  // all priors from here on are in the list
        std::size_t nearest = 0;               // one more than the next of them
        for (const LocationList& list : lists) {
          for (const std::size_t prior : list) {
            if (prior < listed) nearest = std::max(nearest, prior + 1);
          }
        }
        if (nearest == 0) return all;
        listed = nearest - 1;
        all.push_back(listed);
      }
    }
  };

  static constexpr std::string_view name = "compose";
  static constexpr std::size_t depth = std::max({Policies::depth...});
  static std::string text() {
    std::string text;
    ((text += (text.empty() ? "compose<" : ",") + policy_text<Policies>()), ...);
    return text + ">";
  }
};

}  // namespace interchoice
