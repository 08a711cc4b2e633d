#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "interchoice/dependency/prior.hpp"
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
struct affine {
  static_assert(Depth >= 1,
                "interchoice: affine<Depth> needs Depth >= 1; for no dependency use "
                "interchoice::none");

  using prior_order = Order;
  static constexpr std::string_view name = "affine";
  static constexpr std::size_t depth = Depth;
  static constexpr std::array effects{Effect::kNormShift, Effect::kNormScale};
  static std::string text() { return prior_text<Order>(name, Depth); }
};

}  // namespace interchoice
