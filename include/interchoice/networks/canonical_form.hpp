#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/networks/segments.hpp"
#include "interchoice/nn/cell_blocks.hpp"

namespace interchoice {

/// The part of an architecture that decides the logits: for each choice its candidate, or
/// `kUnread`. Architectures of equal canonical forms are isomorphic.
using CanonicalForm = std::vector<std::uint8_t>;
/// Stands for a choice that is not read; no candidate has this index.
inline constexpr std::uint8_t kUnread = 255;

/// A network that knows the canonical forms of its architectures.
///
/// Satisfied by `CellNetwork`'s modules; a network of the user's own satisfies it with
/// `canonical_forms()`, which returns a callable (architecture) -> `CanonicalForm`. Equal forms
/// promise equal logits.
template <class Network, class Space>
concept CanonicalNetwork = requires(Network& network, const Architecture<Space>& architecture) {
  { network.canonical_forms()(architecture) } -> std::convertible_to<CanonicalForm>;
};

/// The contribution of a candidate to a cell in evaluation, its policy included.
struct EdgeRole {
  bool adds_nothing = false;  ///< the node's sum gets nothing, whatever comes in
  bool reads_input = true;    ///< what comes in matters at all
  bool keeps_zero = false;    ///< zeros in, zeros out, for all statistics
};

/// One cell of a network: the choices that each edge reads, and the candidates' roles there.
struct CellReading {
  /// The choices of an edge.
  struct EdgeReading {
    std::size_t choice = 0;
    Segment reads;                ///< the own choice and those of priors
    std::vector<EdgeRole> roles;  ///< of each candidate
  };
  std::size_t node_count = 0;
  std::vector<EdgeReading> edges;  ///< in the cell's order
};

/// The choices that decide the logits of a network of cells, from what its operations declare
/// (`Responses`).
///
///     node j is zero   if every edge into it adds nothing, or keeps the zeros of its source
///     an edge matters  if its target is read, it does not add nothing, and it does not keep zeros
///     a node is read   if an edge out of it matters and reads its input; the last one if the cell
///                      behind is connected to its input
///     a choice is read if an edge that matters has it as its own choice or as a prior's
///
/// So under a policy with priors the choice of a dead edge still counts where it conditions a live
/// one, and where vectors are added to inputs (`bias`) an edge out of a node of zeros is not zero.
/// A convolution with BatchNorm behind a node of zeros matters: it gives -mean / standard
/// deviation.
///
/// Architectures with equal forms have equal logits and accuracies under every recalibration, as
/// their live BatchNorms see equal batches: x + 0 = x. A zero may have another sign. *Cost*:
/// O(edges * priors) for an architecture.
template <SearchSpace Space>
class CanonicalForms {
 public:
  explicit CanonicalForms(std::vector<CellReading> cells) : cells_(std::move(cells)) {}

  CanonicalForm operator()(const Architecture<Space>& architecture) const {
    CanonicalForm form(Space::choice_count, kUnread);
    for (std::size_t i = cells_.size(); i-- > 0;) {
      if (!read(cells_[i], architecture, form)) break;  // nothing before it reaches the output
    }
    return form;
  }

  /// The architecture with as little to compute as the network can leave out: choices that are not
  /// read have a candidate that adds nothing wherever they apply, if there is one. Of the same
  /// form, and so of the same logits.
  Architecture<Space> without_unread(const Architecture<Space>& architecture) const {
    const CanonicalForm form = (*this)(architecture);
    Architecture<Space> result = architecture;
    for (std::size_t choice = 0; choice < form.size(); ++choice) {
      if (form[choice] != kUnread) continue;
      for (std::size_t c = 0; c < Space::candidate_count(choice); ++c) {
        if (!adds_nothing(choice, c)) continue;
        result = result.with(choice, static_cast<std::uint8_t>(c));
        break;
      }
    }
    return (*this)(result) == form ? result : architecture;
  }

 private:
  bool adds_nothing(std::size_t choice, std::size_t candidate) const {
    return std::ranges::all_of(cells_, [&](const CellReading& cell) {
      return std::ranges::all_of(cell.edges, [&](const CellReading::EdgeReading& edge) {
        return edge.choice != choice || edge.roles[candidate].adds_nothing;
      });
    });
  }

  // Whether the cell reads its input.
  static bool read(const CellReading& cell, const Architecture<Space>& architecture,
                   CanonicalForm& form) {
    std::array<bool, Space::node_count> is_zero{};
    std::array<bool, Space::node_count> is_read{};
    const auto matters = [&](Edge edge) {
      const EdgeRole& role = role_of(cell, edge, architecture);
      return !role.adds_nothing && !(role.keeps_zero && is_zero[edge.source]);
    };
    for (std::size_t target = 1; target < cell.node_count; ++target) {
      is_zero[target] = true;
      for (std::size_t source = 0; source < target; ++source) {
        if (matters({source, target})) is_zero[target] = false;
      }
    }
    is_read[cell.node_count - 1] = true;
    for (std::size_t source = cell.node_count - 1; source-- > 0;) {
      for (std::size_t target = source + 1; target < cell.node_count; ++target) {
        const Edge edge{source, target};
        if (!is_read[target] || !matters(edge)) continue;
        for (const std::size_t choice : cell.edges[index_of(edge)].reads.choices) {
          form[choice] = architecture[choice];
        }
        if (role_of(cell, edge, architecture).reads_input) is_read[source] = true;
      }
    }
    return is_read[0];
  }

  static const EdgeRole& role_of(const CellReading& cell, Edge edge,
                                 const Architecture<Space>& architecture) {
    const CellReading::EdgeReading& reading = cell.edges[index_of(edge)];
    return reading.roles[architecture[reading.choice]];
  }

  std::vector<CellReading> cells_;
};

namespace detail {

/// The role of a candidate with such responses under a policy.
template <class Policy>
constexpr EdgeRole role_of(const Responses& responses) {
  using State = dependency_state<Policy>;
  return {.adds_nothing = responses.is_zero && !HasAfter<State>,
          .reads_input = !responses.is_zero,
          .keeps_zero = responses.keeps_zeros && !HasInputVector<State> && !HasBefore<State> &&
                        !HasAfter<State> &&
                        (!HasNormAdjustment<State> || responses.norm_shift == Response::kRemoved)};
}

/// The reading of a cell by its blocks.
template <SearchSpace Space, class Policy>
CellReading cell_reading(CellBlocksImpl<Space, Policy>& cell) {
  CellReading reading{cell.node_count(), {}};
  const std::size_t edge_count = index_of({0, cell.node_count()});
  for (std::size_t i = 0; i < edge_count; ++i) {
    const auto& block = cell.edge(i);
    CellReading::EdgeReading edge{block->context().choice(), {}, {}};
    edge.reads.reads(block->context());
    for (std::size_t c = 0; c < block->context().candidates(); ++c) {
      edge.roles.push_back(role_of<Policy>(block->bank().responses(c)));
    }
    reading.edges.push_back(std::move(edge));
  }
  return reading;
}

}  // namespace detail

}  // namespace interchoice
