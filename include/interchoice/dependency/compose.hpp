#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "interchoice/dependency/policy.hpp"

namespace interchoice {

/// Several policies at once, each on hooks of its own: `compose<bias<1>, split<125>>`.
///
/// Every policy keeps its own depth and prior order. Two policies that both act on one hook, such
/// as two that give the input a vector, do not compose.
template <class... Policies>
struct compose {
  static_assert((detail::CheckedPolicy<Policies>::value && ...));
  static_assert(sizeof...(Policies) >= 2,
                "interchoice: compose<Policies...> needs at least two policies; for one use it "
                "itself, for no dependency use interchoice::none");

  /// All locations that one of the policies looks at, nearest first.
  struct prior_order {
    static constexpr std::string_view name = "composed";
    template <SearchSpace Space>
    static constexpr LocationList priors(std::size_t location, std::size_t) {
      LocationList all;
      for (std::size_t back = location; back-- > 0;) {
        if ((contains(prior_order_t<Policies>::template priors<Space>(location, Policies::depth),
                      back) ||
             ...)) {
          all.push_back(back);
        }
        if (location - back >= kFarthest) break;
      }
      return all;
    }

   private:
    static constexpr std::size_t kFarthest = 1024;  // dataflow priors lie within one cell
    static constexpr bool contains(const LocationList& list, std::size_t location) {
      for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i] == location) return true;
      }
      return false;
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
