#pragma once

#include <cstddef>
#include <string_view>

#include "interchoice/dependency/policy.hpp"

namespace interchoice {

/// A split in stages, one prior more at each: stage s is for the s nearest of the `Depth` priors.
///
///   y = op_c(x)                   before the first `split_now`
///   y = op_c^(p1, ..., ps)(x)     after the s-th, s <= Depth; copy (p1, ..., ps) starts as (p1,
///   ...,
///                                 ps-1)
///
/// A combination of `Depth` choices is in few paths; its copy starts from one that more of them
/// have trained. The stages happen when `split_now` is called, as for `split<on_demand>`
/// (`Training::split_epochs`); what is not there at a location, such as a second prior, splits
/// nothing.
///
/// *Cost*: that of `split<on_demand, Depth>` after the last stage. *Source*: ours.
template <std::size_t Depth = 2, class Order = registration>
struct staged_split : with_priors<Depth, Order> {
  static constexpr std::string_view name = "staged_split";
};

}  // namespace interchoice
