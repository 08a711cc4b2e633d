#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "interchoice/dependency/prior.hpp"
#include "interchoice/dependency/response.hpp"

namespace interchoice {

/// A bias vector that is a sum: one for the current choice, one for each of the `Depth` priors.
///
///   y = op_c(x + b_0[c] + b_1[p1] + ... + b_D[pD])      b_i: [n_i, C], zero at the start
///
/// Parameters grow with D, not with the combinations. The first location has none.
///
/// *Cost*: D additions of [C] beside the op. *Source*: paper Appendix D ("shared bias").
template <std::size_t Depth, class Order = registration>
struct bias_sum {
  static_assert(Depth >= 1,
                "interchoice: bias_sum<Depth> needs Depth >= 1; for no dependency use "
                "interchoice::none");

  using prior_order = Order;
  static constexpr std::string_view name = "bias_sum";
  static constexpr std::size_t depth = Depth;
  static constexpr std::array effects{Effect::kInputShift};
  static std::string text() { return prior_text<Order>(name, Depth); }
};

}  // namespace interchoice
