#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include "interchoice/dependency/policy.hpp"

namespace interchoice {

/// The epoch of a split that happens only when `split_now` is called.
inline constexpr std::size_t on_demand = std::numeric_limits<std::size_t>::max();

/// Own copies of all candidates of a location for each combination of the `Depth` prior choices,
/// from the start of epoch `Epoch` (counted from 0) on.
///
///   y = op_c(x)                    before epoch `Epoch`
///   y = op_c^(p1, ..., pD)(x)      from then on, every copy starting as a copy
///
/// All copies are taken at the split. BatchNorm statistics belong to a copy. The first location has
/// no prior and is never split.
///
/// *Cost*: memory, and the copying at the split. *Source*: paper section 3.3.
template <std::size_t Epoch, std::size_t Depth = 1, class Order = registration>
struct split : with_priors<Depth, Order> {
  static constexpr std::string_view name = "split";
  static constexpr std::size_t epoch = Epoch;
  static std::string text() {
    std::string text = Epoch == on_demand ? "split<on_demand" : fmt::format("split<{}", Epoch);
    if (Depth != 1) text += fmt::format(",{}", Depth);
    if (Order::name != registration::name) text += fmt::format(",{}", Order::name);
    return text + ">";
  }
};

}  // namespace interchoice
