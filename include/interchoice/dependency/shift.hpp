#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "interchoice/dependency/policy.hpp"
#include "interchoice/dependency/response.hpp"

namespace interchoice {

/// A shift for each channel, chosen by the current and the prior choices, after the op's first
/// normalisation (BatchNorm, LayerNorm or GroupNorm) and before its activation.
///
///   BN(h) -> BN(h) + B_c[pD, ..., p1]      B_c: [n_pD, ..., n_p1, C_c], zero at the start
///
/// C_c are the channels of that normalisation in candidate c; a candidate without one has no table.
/// At the start of a block, a 1x1 convolution and BatchNorm remove the vector of `bias` from its
/// input; `shift` acts behind them.
///
/// *Cost*: one addition of [C_c]: the shift is added to its own bias. *Source*: ours.
template <std::size_t Depth, class Order = registration>
struct shift : with_priors<Depth, Order> {
  static constexpr std::string_view name = "shift";
  static constexpr std::array effects{Effect::kNormShift};
};

}  // namespace interchoice
