#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "interchoice/core/space.hpp"

namespace interchoice {

/// An edge of a cell: from node `source` to the later node `target`.
struct Edge {
  std::size_t source;
  std::size_t target;
  friend constexpr bool operator==(const Edge&, const Edge&) = default;
};

/// A topology-shared cell: node 0 is the input, each of the `Nodes` further nodes is the sum of one
/// operation from every earlier node, the last node is the output. Each edge is a choice, and every
/// cell of a network takes the same choices with its own weights.
///
/// Choices (edges) are ordered by target, then source: (0,1), (0,2), (1,2), (0,3), (1,3), (2,3) for
/// three nodes. Text form: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`.
///
/// Dataflow priors of an edge are the edges of the same cell that enter its source node, nearest
/// first. Registration order runs on from cell to cell.
template <std::size_t Nodes, class Choice>
struct Cell {
  static_assert(Nodes >= 1, "interchoice: Cell<Nodes, ...> needs Nodes >= 1");
  static_assert(Nodes <= LocationList::kCapacity,
                "interchoice: Cell<Nodes, ...> takes at most 16 nodes");
  static_assert(Choice::names_are_distinct(),
                "interchoice: the candidates of a choice need different names; rename one of them");

  static constexpr std::string_view name = "cell";
  static constexpr std::size_t node_count = Nodes + 1;
  static constexpr std::size_t choice_count = Nodes * (Nodes + 1) / 2;
  static constexpr std::size_t location_period = choice_count;
  static constexpr bool repeats = true;

  static constexpr std::size_t candidate_count(std::size_t) { return Choice::count; }
  static constexpr std::string_view candidate_name(std::size_t, std::size_t c) {
    return Choice::names[c];
  }
  static constexpr CandidateKind candidate_kind(std::size_t, std::size_t c) {
    return Choice::kinds[c];
  }
  static constexpr std::size_t choice_at(std::size_t location) { return location % choice_count; }

  /// The edge that a choice decides.
  static constexpr Edge edge(std::size_t choice) {
    std::size_t target = 1;
    while (choice >= target) choice -= target++;
    return {choice, target};
  }

  /// The choice of the edge from `source` to `target`.
  static constexpr std::size_t choice_of(Edge edge) {
    return edge.target * (edge.target - 1) / 2 + edge.source;
  }

  static constexpr LocationList dataflow_priors(std::size_t location) {
    LocationList priors;
    const std::size_t cell_begin = location - choice_at(location);
    const std::size_t node = edge(choice_at(location)).source;
    for (std::size_t source = node; source-- > 0;) {
      priors.push_back(cell_begin + choice_of({source, node}));
    }
    return priors;
  }

  /// Calls `visit.operator()<Op>()` for each candidate of a choice, in order.
  template <class Visitor>
  static constexpr void for_each_candidate(std::size_t, Visitor&& visit) {
    Choice::for_each(visit);
  }

  static std::string to_text(std::span<const std::uint8_t, choice_count> candidates) {
    std::string text;
    for (std::size_t choice = 0; choice < choice_count; ++choice) {
      const Edge e = edge(choice);
      if (e.source == 0) text += e.target == 1 ? "|" : "+|";
      text += std::string(Choice::names[candidates[choice]]) + '~' + std::to_string(e.source) + '|';
    }
    return text;
  }

  static std::array<std::uint8_t, choice_count> from_text(std::string_view text) {
    std::array<std::uint8_t, choice_count> candidates{};
    std::size_t at = 0;
    const auto fail = [&](const std::string& reason) {
      throw std::invalid_argument("interchoice: architecture text '" + std::string(text) +
                                  "', place " + std::to_string(at) + ": " + reason);
    };
    const auto expect = [&](std::string_view part) {
      if (text.substr(at, part.size()) != part) fail("expected '" + std::string(part) + "'");
      at += part.size();
    };
    for (std::size_t choice = 0; choice < choice_count; ++choice) {
      const Edge e = edge(choice);
      if (e.source == 0) expect(e.target == 1 ? "|" : "+|");
      const std::string_view op = text.substr(at, text.substr(at).find('~'));
      std::size_t c = 0;
      while (c < Choice::count && Choice::names[c] != op) ++c;
      if (c == Choice::count) {
        std::string known;
        for (const std::string_view n : Choice::names) known += " '" + std::string(n) + "'";
        fail("unknown operation '" + std::string(op) + "'; the candidates are" + known);
      }
      candidates[choice] = static_cast<std::uint8_t>(c);
      at += op.size();
      expect("~" + std::to_string(e.source) + "|");
    }
    if (at != text.size()) fail("text goes on after the last edge");
    return candidates;
  }
};

}  // namespace interchoice
