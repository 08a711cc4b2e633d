#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "interchoice/dependency/policy.hpp"
#include "interchoice/dependency/response.hpp"

namespace interchoice {

/// A factor for each channel of the op's input, chosen by the current and the prior choices.
///
///   y = op_c(x * S[pD, ..., p1, c])      S: [n_pD, ..., n_p1, n_c, C], one at the start
///
/// The first location has no prior and no table.
///
/// *Cost*: one pass over the input. *Source*: the reference implementation ("MulBias"); not in the
/// paper.
template <std::size_t Depth, class Order = registration>
struct scale : with_priors<Depth, Order> {
  static constexpr std::string_view name = "scale";
  static constexpr std::array effects{Effect::kInputScale};
};

}  // namespace interchoice
