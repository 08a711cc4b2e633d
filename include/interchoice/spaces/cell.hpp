#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "interchoice/core/space.hpp"
#include "interchoice/spaces/detail/cell_text.hpp"
#include "interchoice/spaces/detail/choice_list.hpp"

namespace interchoice {

/// An edge of a cell: from node `source` to the later node `target`.
struct Edge {
  std::size_t source;
  std::size_t target;
  friend constexpr bool operator==(const Edge&, const Edge&) = default;
};

/// A space whose networks are stacks of cells: graphs in which an operation stands on each edge
/// between two nodes. Edges are ordered by target, then source.
///
/// Satisfied by `Cell`, `MixedCell`, `CellSequence`, `IndependentCells`. Not satisfied by chains.
template <class Space>
concept CellSpace = SearchSpace<Space> && requires(std::size_t cell) {
  { Space::node_count } -> std::convertible_to<std::size_t>;  // the most of any cell
  { Space::cell_node_count(cell) } -> std::same_as<std::size_t>;
  { Space::first_location(cell) } -> std::same_as<std::size_t>;
};

/// The edge at a place of a cell's order: (0,1), (0,2), (1,2), (0,3), ...
constexpr Edge edge_at(std::size_t index) {
  std::size_t target = 1;
  while (index >= target) index -= target++;
  return {index, target};
}

/// The place of an edge in that order.
constexpr std::size_t index_of(Edge edge) {
  return edge.target * (edge.target - 1) / 2 + edge.source;
}

namespace detail {

// The locations of the edges that enter the source node of an edge of a cell, nearest first.
constexpr LocationList edges_into_source(std::size_t first_location, std::size_t edge) {
  LocationList locations;
  const std::size_t node = edge_at(edge).source;
  for (std::size_t source = node; source-- > 0;) {
    locations.push_back(first_location + index_of({source, node}));
  }
  return locations;
}

}  // namespace detail

/// A topology-shared cell with candidates of its own on each edge: node 0 is the input, each
/// further node is the sum of one operation from every earlier node, the last node is the output.
/// Each edge is a choice, and every cell of a network takes the same choices with its own weights.
///
/// `Choices` are `Candidates<...>`, one an edge, ordered by target, then source: (0,1), (0,2),
/// (1,2), (0,3), (1,3), (2,3) for three nodes behind the input. Text form:
/// `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`.
///
/// Dataflow priors of an edge are the edges of the same cell that enter its source node, nearest
/// first. Registration order runs on from cell to cell.
template <class... Choices>
struct MixedCell : detail::ChoiceList<Choices...> {
  static_assert(sizeof...(Choices) >= 1 && edge_at(sizeof...(Choices)).source == 0,
                "interchoice: MixedCell<Choices...> needs a choice for each edge: 1, 3, 6, 10, ... "
                "of them for 1, 2, 3, 4, ... nodes");
  static_assert(edge_at(sizeof...(Choices) - 1).target <= LocationList::kCapacity,
                "interchoice: MixedCell<Choices...> takes at most 16 nodes behind the input");

  static constexpr std::string_view name = "cell";
  static constexpr std::size_t choice_count = sizeof...(Choices);
  static constexpr std::size_t node_count = edge_at(choice_count - 1).target + 1;
  static constexpr std::size_t location_period = choice_count;
  static constexpr bool repeats = true;

  static constexpr std::size_t choice_at(std::size_t location) { return location % choice_count; }

  /// The edge that a choice decides.
  static constexpr Edge edge(std::size_t choice) { return edge_at(choice); }
  /// The choice of the edge from `source` to `target`.
  static constexpr std::size_t choice_of(Edge edge) { return index_of(edge); }

  /// The nodes of a cell of the network, its input included.
  static constexpr std::size_t cell_node_count(std::size_t) { return node_count; }
  /// The location of a cell's first edge.
  static constexpr std::size_t first_location(std::size_t cell) { return cell * choice_count; }

  static constexpr LocationList dataflow_priors(std::size_t location) {
    return detail::edges_into_source(location - choice_at(location), choice_at(location));
  }

  static std::string to_text(std::span<const std::uint8_t, choice_count> candidates) {
    std::string text;
    detail::append_cell_text<MixedCell>(text, candidates);
    return text;
  }

  static std::array<std::uint8_t, choice_count> from_text(std::string_view text) {
    std::array<std::uint8_t, choice_count> candidates{};
    detail::CellTextReader reader(text);
    reader.read_cell<MixedCell>(candidates);
    reader.expect_end();
    return candidates;
  }
};

namespace detail {

// The limits are checked before the list of edges is made.
template <std::size_t Nodes>
constexpr std::size_t checked_edge_count() {
  static_assert(Nodes >= 1, "interchoice: Cell<Nodes, ...> needs Nodes >= 1");
  static_assert(Nodes <= LocationList::kCapacity,
                "interchoice: Cell<Nodes, ...> takes at most 16 nodes");
  return Nodes * (Nodes + 1) / 2;
}

}  // namespace detail

/// A topology-shared cell of `Nodes` nodes behind the input, with the same candidates on each edge:
/// `Cell<3, Candidates<Conv3, Conv5, Skip>>`.
template <std::size_t Nodes, class Choice>
struct Cell : detail::Repeated<MixedCell, Choice, detail::checked_edge_count<Nodes>()> {};

}  // namespace interchoice
