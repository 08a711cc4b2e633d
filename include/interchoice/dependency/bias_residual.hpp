#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "interchoice/dependency/policy.hpp"
#include "interchoice/dependency/response.hpp"

namespace interchoice {

/// The sum of `bias_sum` and, for each combination, its difference from that sum: `bias` drawn to
/// the additive form.
///
///   y = op_c(x + b_0[c] + b_1[p1] + ... + b_D[pD] + B[pD, ..., p1, c])      zero at the start
///
/// Computes what `bias` can, and no more. But a gradient of a combination moves the vectors of its
/// choices, too, which every other combination of these shares; and weight decay draws B to zero,
/// so that a combination that is seen rarely has the sum.
///
/// *Cost*: D + 1 additions of [C] beside the op. *Source*: ours; main effects and interaction, as
/// in an analysis of variance.
template <std::size_t Depth, class Order = registration>
struct bias_residual : with_priors<Depth, Order> {
  static constexpr std::string_view name = "bias_residual";
  static constexpr std::array effects{Effect::kInputShift};
};

}  // namespace interchoice
