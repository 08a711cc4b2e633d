#pragma once

#include <cstddef>
#include <string_view>

#include "interchoice/dependency/policy.hpp"

namespace interchoice {

/// A split into fewer copies than contexts: those of one group share a copy.
///
///   y = op_c(x)                       before `split_now`
///   y = op_c^(g(p1, ..., pD))(x)      from then on, every copy starting as a copy
///
/// g is a value of each location (`set_context_groups`), set before the split; `gradient_groups`
/// finds one. Without it each context is a group, as for `split<on_demand, Depth>`. It is saved
/// with the network, as the buffer `context_groups` of its blocks.
///
/// *Cost*: that of a split into as many copies as groups. *Source*: Hu et al. 2022 split a
/// super-network so; ours for the contexts of a location.
template <std::size_t Depth = 1, class Order = registration>
struct grouped_split : with_priors<Depth, Order> {
  static constexpr std::string_view name = "grouped_split";
};

}  // namespace interchoice
