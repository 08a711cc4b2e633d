#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "interchoice/dependency/policy.hpp"
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
struct bias_sum : with_priors<Depth, Order> {
  static constexpr std::string_view name = "bias_sum";
  static constexpr std::array effects{Effect::kInputShift};
};

}  // namespace interchoice
