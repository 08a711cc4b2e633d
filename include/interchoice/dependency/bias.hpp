#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "interchoice/dependency/policy.hpp"
#include "interchoice/dependency/response.hpp"

namespace interchoice {

/// A bias vector, chosen by the current and the `Depth` prior choices, added to the op's input.
///
///   y = op_c(x + B[pD, ..., p1, c])      B: [n_pD, ..., n_p1, n_c, C], zero at the start
///
/// It acts before the op's own ReLU, for every candidate: no effect on Zero, propagated by Skip.
/// The first location has no prior and no table. Trained with weight decay, as in the reference.
///
/// Candidates that the vector cannot matter for have no row (see `describe`); `keep_inert<bias<1>>`
/// has all of them.
///
/// *Cost*: nothing beside the op where the op or the sum after it takes the vector in its own
/// kernel; the table's rows in memory. *Source*: paper section 3.3.
template <std::size_t Depth, class Order = registration>
struct bias : with_priors<Depth, Order> {
  static constexpr std::string_view name = "bias";
  static constexpr std::array effects{Effect::kInputShift};
};

}  // namespace interchoice
