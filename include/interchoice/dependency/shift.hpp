#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "interchoice/dependency/prior.hpp"
#include "interchoice/dependency/response.hpp"

namespace interchoice {

/// A shift for each channel, chosen by the current and the prior choices, after the op's first
/// normalisation (BatchNorm, LayerNorm or GroupNorm) and before its activation.
///
///   BN(h) -> BN(h) + B_c[pD, ..., p1]      B_c: [n_pD, ..., n_p1, C_c], zero at the start
///
/// C_c are the channels of that normalisation in candidate c; a candidate without one has no table.
/// What `bias` adds to the input of a block that starts with a 1x1 convolution and BatchNorm is
/// removed by that BatchNorm; what `shift` adds behind it is not.
///
/// *Cost*: one addition of [C_c]: the shift is added to its own bias. *Source*: ours.
template <std::size_t Depth, class Order = registration>
struct shift {
  static_assert(Depth >= 1,
                "interchoice: shift<Depth> needs Depth >= 1; for no dependency use "
                "interchoice::none");

  using prior_order = Order;
  static constexpr std::string_view name = "shift";
  static constexpr std::size_t depth = Depth;
  static constexpr std::array effects{Effect::kNormShift};
  static std::string text() { return prior_text<Order>(name, Depth); }
};

}  // namespace interchoice
