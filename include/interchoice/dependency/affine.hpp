#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "interchoice/dependency/policy.hpp"
#include "interchoice/dependency/response.hpp"

namespace interchoice {

/// Scale and shift for each channel, chosen by the current and the prior choices, after the op's
/// first normalisation (BatchNorm, LayerNorm or GroupNorm) and before its activation.
///
///   BN(h) -> (1 + G_c[pD, ..., p1]) * BN(h) + B_c[pD, ..., p1]      zero at the start
///
/// Shapes as for `shift`. The scale is kept as its difference from one, so that weight decay draws
/// it to one.
///
/// *Cost*: some operations on [C_c]: both are put into its own parameters. *Source*: ours.
template <std::size_t Depth, class Order = registration>
struct affine : with_priors<Depth, Order> {
  static constexpr std::string_view name = "affine";
  static constexpr std::array effects{Effect::kNormShift, Effect::kNormScale};
};

}  // namespace interchoice
