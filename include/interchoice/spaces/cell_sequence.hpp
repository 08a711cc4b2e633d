#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "interchoice/core/space.hpp"
#include "interchoice/spaces/cell.hpp"

namespace interchoice {

/// Which type each cell of a network has, in order: `CellOrder<0, 0, 1, 0>`.
template <std::size_t... Types>
struct CellOrder {
  static_assert(sizeof...(Types) >= 1, "interchoice: CellOrder<...> needs at least one cell");
  static constexpr std::size_t count = sizeof...(Types);
  static constexpr std::array<std::size_t, count> types{Types...};
};

/// Cells of several types, each with choices of its own that all cells of the type share:
///
///   CellSequence<CellOrder<0, 0, 1, 0, 0>, Normal, Reducing>
///
/// `Cells` are `Cell`s or `MixedCell`s and may differ in nodes and candidates. Choices: those of
/// type 0, then those of type 1, ... Locations: the edges of the first cell, then those of the
/// second, ... in the order of the network. Registration order runs on from cell to cell, across
/// types. Text form: the types' texts with `/` between them.
template <class Order, class... Cells>
struct CellSequence : decltype((detail::choices_of(std::declval<Cells>()) + ...)) {
  static constexpr std::string_view name = "cells";
  static constexpr std::size_t cell_count = Order::count;
  static constexpr std::size_t choice_count = (Cells::choice_count + ...);
  static constexpr bool repeats = false;
  static constexpr std::size_t node_count = [] {
    std::size_t most = 0;
    ((most = Cells::node_count > most ? Cells::node_count : most), ...);
    return most;
  }();

 private:
  static constexpr std::size_t type_count_ = sizeof...(Cells);
  static constexpr std::array<std::size_t, type_count_> sizes_{Cells::choice_count...};
  static constexpr std::array<std::size_t, type_count_> node_counts_{Cells::node_count...};

  static_assert(
      [] {
        for (const std::size_t type : Order::types) {
          if (type >= type_count_) return false;
        }
        return true;
      }(),
      "interchoice: CellSequence<CellOrder<...>, Cells...> needs a cell for every type in the "
      "order; types count from 0");
  static_assert(
      [] {
        std::array<bool, type_count_> used{};
        for (const std::size_t type : Order::types) used[type < type_count_ ? type : 0] = true;
        for (const bool u : used) {
          if (!u) return false;
        }
        return true;
      }(),
      "interchoice: CellSequence<CellOrder<...>, Cells...> needs every cell type in the order; "
      "remove the cell that is never used");

  static constexpr std::array<std::size_t, type_count_ + 1> first_choices_ = [] {
    std::array<std::size_t, type_count_ + 1> firsts{};
    for (std::size_t t = 0; t < type_count_; ++t) firsts[t + 1] = firsts[t] + sizes_[t];
    return firsts;
  }();
  static constexpr std::array<std::size_t, cell_count + 1> first_locations_ = [] {
    std::array<std::size_t, cell_count + 1> firsts{};
    for (std::size_t i = 0; i < cell_count; ++i)
      firsts[i + 1] = firsts[i] + sizes_[Order::types[i]];
    return firsts;
  }();

  static constexpr std::size_t cell_at(std::size_t location) {
    std::size_t cell = 0;
    while (cell + 1 < cell_count && location >= first_locations_[cell + 1]) ++cell;
    return cell;
  }

 public:
  static constexpr std::size_t location_period = first_locations_[cell_count];

  static constexpr std::size_t choice_at(std::size_t location) {
    const std::size_t cell = cell_at(location);
    return first_choices_[Order::types[cell]] + location - first_locations_[cell];
  }

  /// The type of a cell of the network. *Throws* std::out_of_range.
  static constexpr std::size_t cell_type(std::size_t cell) {
    if (cell >= cell_count) {
      throw std::out_of_range(
          fmt::format("interchoice: cell {} of '{}', which has {} cells; change the CellOrder<...>",
                      cell, name, cell_count));
    }
    return Order::types[cell];
  }
  /// The nodes of a cell of the network, its input included. *Throws* std::out_of_range.
  static constexpr std::size_t cell_node_count(std::size_t cell) {
    return node_counts_[cell_type(cell)];
  }
  /// The location of a cell's first edge. *Throws* std::out_of_range.
  static constexpr std::size_t first_location(std::size_t cell) {
    return cell_type(cell), first_locations_[cell];
  }

  static constexpr LocationList dataflow_priors(std::size_t location) {
    const std::size_t first = first_locations_[cell_at(location)];
    return detail::edges_into_source(first, location - first);
  }

  static std::string to_text(std::span<const std::uint8_t, choice_count> candidates) {
    std::string text;
    std::size_t t = 0;
    const auto append = [&]<class C>() {
      if (t > 0) text += '/';
      detail::append_cell_text<C>(text, candidates.subspan(first_choices_[t], sizes_[t]));
      ++t;
    };
    (append.template operator()<Cells>(), ...);
    return text;
  }

  static std::array<std::uint8_t, choice_count> from_text(std::string_view text) {
    std::array<std::uint8_t, choice_count> candidates{};
    detail::CellTextReader reader(text);
    std::size_t t = 0;
    const auto read = [&]<class C>() {
      if (t > 0) reader.expect("/");
      reader.template read_cell<C>(std::span(candidates).subspan(first_choices_[t], sizes_[t]));
      ++t;
    };
    (read.template operator()<Cells>(), ...);
    reader.expect_end();
    return candidates;
  }
};

namespace detail {

template <class OneCell, class Indices>
struct SeparateCells;

template <class OneCell, std::size_t... Is>
struct SeparateCells<OneCell, std::index_sequence<Is...>> {
  using type = CellSequence<CellOrder<Is...>, Same<OneCell, Is>...>;
};

}  // namespace detail

/// `Count` cells that do not share their topology: each has choices of its own, in the order of the
/// cells.
template <std::size_t Count, class OneCell>
struct IndependentCells : detail::SeparateCells<OneCell, std::make_index_sequence<Count>>::type {
  static_assert(Count >= 1, "interchoice: IndependentCells<Count, ...> needs Count >= 1");
};

}  // namespace interchoice
