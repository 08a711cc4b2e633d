#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "interchoice/nn/choice_block.hpp"
#include "interchoice/nn/kernels/node_sum.hpp"
#include "interchoice/nn/operations/zero.hpp"
#include "interchoice/nn/propagation.hpp"
#include "interchoice/spaces/cell.hpp"

namespace interchoice {

/// One cell of a space of cells: a choice block for each edge, a sum at each node.
///
///   node_j = sum over i < j of op_ij(node_i);   y = node_last
///
/// `cell` counts the choice cells of the network (fixed reductions have no locations): its first
/// location is `Space::first_location(cell)`. The geometry is that of the cell: edges out of its
/// input change channels and size, the others keep the shape. `downstream` is the response to a
/// constant per channel added to the cell's output; for the inner nodes it is found from the
/// candidates behind them.
template <SearchSpace Space, class Policy>
class CellBlocksImpl : public torch::nn::Module {
  static_assert(detail::CheckedPolicy<Policy>::value);
  static_assert(CellSpace<Space>,
                "interchoice: CellBlocks<Space, ...> needs a space of cells, such as Cell; for "
                "chains use interchoice::ChoiceBlocks");

 public:
  /// The block of one edge.
  using Block = ChoiceBlock<Space, Policy>;

  /// Operations are asked for where the space's candidates are only names.
  CellBlocksImpl(std::size_t cell, const Geometry& geometry,
                 Response downstream = Response::kObserved,
                 const ChoiceOperations& operations = detail::own_operations<Space, Policy>)
      : geometry_(geometry), node_count_(Space::cell_node_count(cell)) {
    const std::size_t first = Space::first_location(cell);
    std::vector<Response> behind(node_count_, Response::kRemoved);  // by node
    behind.back() = downstream;
    for (std::size_t source = node_count_ - 1; source-- > 0;) {
      for (std::size_t target = source + 1; target < node_count_; ++target) {
        const std::size_t choice = Space::choice_at(first + index_of({source, target}));
        behind[source] = most_visible(
            behind[source],
            propagated_response(operations(choice), geometry_from(source), behind[target]));
      }
    }
    response_ = behind.front();
    const std::size_t edge_count = index_of({0, node_count_});
    for (std::size_t i = 0; i < edge_count; ++i) {
      const Edge edge = edge_at(i);
      edges_.push_back(this->register_module(
          "edge" + std::to_string(edge.source) + std::to_string(edge.target),
          Block(first + i, geometry_from(edge.source), behind[edge.target], operations)));
    }
  }

  /// Nodes of this cell, its input included.
  std::size_t node_count() const { return node_count_; }

  /// Node `target` of the cell, from all earlier nodes.
  at::Tensor forward_node(std::size_t target, std::span<const at::Tensor> nodes,
                          const Architecture<Space>& architecture) {
    std::array<DeferredBias, Space::node_count> terms;
    for (std::size_t source = 0; source < target; ++source) {
      terms[source] =
          edges_[index_of({source, target})]->forward_deferred(nodes[source], architecture);
    }
    if (target == 1 && !terms[0].value.defined() && !geometry_.keeps_shape()) {
      return zeros_behind(nodes[0], geometry_);
    }
    return node_sum(std::span(terms).first(target), nodes[target > 1 ? 1 : 0], geometry_.axis);
  }

  at::Tensor forward(const at::Tensor& x, const Architecture<Space>& architecture) {
    std::array<at::Tensor, Space::node_count> nodes{x};
    for (std::size_t j = 1; j < node_count_; ++j) {
      nodes[j] = forward_node(j, std::span(nodes).first(j), architecture);
    }
    return nodes[node_count_ - 1];
  }

  /// The block of an edge, by its place in the cell's order (in a shared cell the choice).
  Block& edge(std::size_t index) { return edges_[index]; }

  /// The response to a constant per channel added to the cell's input.
  Response response() const { return response_; }

 private:
  /// *Shapes*: edges out of the cell's input do what the cell does, the others keep the shape.
  Geometry geometry_from(std::size_t source) const {
    return source == 0 ? geometry_
                       : Geometry{.channels = geometry_.out_channels, .axis = geometry_.axis};
  }

  Geometry geometry_;
  std::size_t node_count_;
  Response response_ = Response::kObserved;
  std::vector<Block> edges_;
};

/// Holder of a `CellBlocksImpl`.
template <SearchSpace Space, class Policy>
class CellBlocks : public torch::nn::ModuleHolder<CellBlocksImpl<Space, Policy>> {
 public:
  using torch::nn::ModuleHolder<CellBlocksImpl<Space, Policy>>::ModuleHolder;
};

}  // namespace interchoice
