#pragma once

#include <fmt/core.h>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include "interchoice/core/space.hpp"

namespace interchoice {

/// Which earlier locations condition a location, and in which order: a tag with
/// `priors<Space>(location, depth)`, nearest first.
///
/// Satisfied by `registration` and `dataflow`.
template <class Order, class Space>
concept PriorOrder = requires(std::size_t i) {
  { Order::name } -> std::convertible_to<std::string_view>;
  { Order::template priors<Space>(i, i) } -> std::same_as<LocationList>;
};

/// The `depth` locations registered before this one, across cells and through reduction cells.
///
/// priors(l) = l-1, l-2, ..., l-depth      (fewer at the start of the network)
///
/// *Source*: the paper's order (section 3.3).
struct registration {
  static constexpr std::string_view name = "registration";
  /// The `depth` locations before this one, nearest first; fewer near the start.
  template <SearchSpace Space>
  static constexpr LocationList priors(std::size_t location, std::size_t depth) {
    LocationList priors;
    for (std::size_t back = 1; back <= depth && back <= location; ++back) {
      priors.push_back(location - back);
    }
    return priors;
  }
};

/// The locations whose results enter this one, as the space declares them: in a cell, the edges
/// that enter this edge's source node; at most `depth` of them, nearest first.
///
/// NAS-Bench-201, as offsets of the six edges: [], [], [-2], [], [-4], [-3, -4]
struct dataflow {
  static constexpr std::string_view name = "dataflow";
  template <SearchSpace Space>
  static constexpr LocationList priors(std::size_t location, std::size_t depth) {
    const LocationList all = Space::dataflow_priors(location);
    LocationList priors;
    for (std::size_t i = 0; i < all.size() && i < depth; ++i) priors.push_back(all[i]);
    return priors;
  }
};

/// The text of a policy with these priors: `name<depth[arguments][,order]>`.
template <class Order>
std::string prior_text(std::string_view name, std::size_t depth,
                       const std::string& arguments = {}) {
  const bool is_default = Order::name == registration::name;
  return fmt::format("{}<{}{}{}{}>", name, depth, arguments, is_default ? "" : ",",
                     is_default ? "" : Order::name);
}

}  // namespace interchoice
