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
#include "interchoice/spaces/cell.hpp"

namespace interchoice {

/// One cell of a topology-shared cell space: a choice block for each edge, a sum at each node.
///
///   node_j = sum over i < j of op_ij(node_i);   y = node_last
///
/// `cell` counts the choice cells of the network (reduction cells have no locations): its first
/// location is cell * location_period. *Throws* c10::Error where the geometry changes the shape.
template <SearchSpace Space, DependencyPolicy Policy>
class CellBlocksImpl : public torch::nn::Module {
 public:
  using Block = ChoiceBlock<Space, Policy>;

  CellBlocksImpl(std::size_t cell, const Geometry& geometry,
                 const std::vector<AnyOperation>& operations) {
    TORCH_CHECK(geometry.keeps_shape(),
                "interchoice: CellBlocks needs equal channels and stride 1, got ",
                geometry.channels, " -> ", geometry.out_channels, ", stride ", geometry.stride,
                "; put what changes the shape between the cells");
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      const Edge edge = Space::edge(choice);
      edges_.push_back(this->register_module(
          "edge" + std::to_string(edge.source) + std::to_string(edge.target),
          Block(cell * Space::location_period + choice, geometry, operations)));
    }
  }

  /// Node `target` of the cell, from all earlier nodes.
  at::Tensor forward_node(std::size_t target, std::span<const at::Tensor> nodes,
                          const Architecture<Space>& architecture) {
    std::array<Pending, Space::node_count> terms;
    for (std::size_t source = 0; source < target; ++source) {
      terms[source] =
          edges_[Space::choice_of({source, target})]->forward_pending(nodes[source], architecture);
    }
    return node_sum(std::span(terms).first(target), nodes[0]);
  }

  at::Tensor forward(const at::Tensor& x, const Architecture<Space>& architecture) {
    std::array<at::Tensor, Space::node_count> nodes{x};
    for (std::size_t j = 1; j < Space::node_count; ++j) {
      nodes[j] = forward_node(j, std::span(nodes).first(j), architecture);
    }
    return nodes.back();
  }

  /// The block of an edge, by choice.
  Block& edge(std::size_t choice) { return edges_[choice]; }

 private:
  std::vector<Block> edges_;
};

/// Holder of a `CellBlocksImpl`.
template <SearchSpace Space, DependencyPolicy Policy>
class CellBlocks : public torch::nn::ModuleHolder<CellBlocksImpl<Space, Policy>> {
 public:
  using torch::nn::ModuleHolder<CellBlocksImpl<Space, Policy>>::ModuleHolder;
};

}  // namespace interchoice
