#pragma once

#include <torch/nn/module.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/networks/canonical_form.hpp"
#include "interchoice/networks/detail/skeleton.hpp"
#include "interchoice/networks/segments.hpp"
#include "interchoice/networks/supernet.hpp"
#include "interchoice/nn/cell_blocks.hpp"
#include "interchoice/nn/cost.hpp"

namespace interchoice {

/// One layer of a network of cells: a cell of the space, or a reduction without choices.
struct CellLayer {
  enum Kind { kCell, kReduction } kind = kCell;
  Geometry geometry;
};

/// Stages of cells that keep the shape, with reductions between them that double the channels and
/// halve the map.
struct CellStages {
  std::int64_t width = 16;  ///< channels of the first stage
  std::vector<std::int64_t> cells_per_stage;
};
constexpr std::vector<CellLayer> staged_layers(const CellStages& stages) {
  std::vector<CellLayer> layers;
  std::int64_t width = stages.width;
  for (const std::int64_t cells : stages.cells_per_stage) {
    if (!layers.empty()) {
      layers.push_back(
          {CellLayer::kReduction, {.channels = width, .out_channels = 2 * width, .stride = 2}});
      width *= 2;
    }
    for (std::int64_t i = 0; i < cells; ++i) {
      layers.push_back({CellLayer::kCell, {.channels = width}});
    }
  }
  return layers;
}

/// A super-network of cells: stem, layers that are cells or fixed reductions, head. A skeleton says
/// what they are:
///
///   struct MySkeleton {
///     using Space = Cell<3, Candidates<...>>;
///     struct Options { std::int64_t width = 16; };
///     static torch::nn::Sequential stem(const Options&);
///     static std::vector<CellLayer> layers(const Options&);       // see staged_layers
///     static torch::nn::Sequential reduction(const Options&, const Geometry&);
///     static torch::nn::Sequential head(const Options&);
///   };
///   Supernet<CellNetwork<MySkeleton>, bias<1>> net(MySkeleton::Options{});
///
/// `stem`, `reduction` and `head` return any module holder or shared_ptr to a module with
/// `forward(x)`; a network without reductions needs no `reduction`. Cells that change the shape are
/// layers of kind `kCell` with such a geometry. Further members, all optional: `Operations`,
/// `check`, `initialise`, `head_response` and what `cost` needs, as for `ChainNetwork`, with
/// `reduction_cost(options, geometry, input)` beside.
template <class Skeleton>
struct CellNetwork {
  using Space = typename Skeleton::Space;
  using Options = typename Skeleton::Options;
  static_assert(CellSpace<Space>,
                "interchoice: CellNetwork<Skeleton> needs a Skeleton::Space of cells, such as "
                "Cell; for chains use interchoice::ChainNetwork");

  template <DependencyPolicy Policy>
  class Module;

  /// Parameters and MACs of the network that an architecture is on its own, for input images of
  /// this size. *Cost*: one look at each candidate of each edge; no network is made.
  static constexpr Cost cost(const Architecture<Space>& architecture, const Options& options = {},
                             const SpatialSize& input_size = Skeleton::input_size) {
    Cost cost = Skeleton::stem_cost(options, input_size);
    SpatialSize map = input_size.reduced(Skeleton::stem_stride);
    std::size_t cell = 0;
    for (const CellLayer& layer : Skeleton::layers(options)) {
      if (layer.kind == CellLayer::kReduction) {
        cost += reduction_cost(options, layer.geometry, map);
      } else {
        cost += cell_cost(cell++, architecture, layer.geometry, map);
      }
      map = map.reduced(layer.geometry.stride);
    }
    return cost + Skeleton::head_cost(options, map);
  }

 private:
  static constexpr bool kHasReduction = requires(const Options& options) {
    Skeleton::reduction(options, Geometry{});
  };

  static constexpr Cost reduction_cost(const Options& options, const Geometry& geometry,
                                       const SpatialSize& input) {
    if constexpr (kHasReduction) {
      return Skeleton::reduction_cost(options, geometry, input);
    } else {
      return {};  // making the network would fail
    }
  }

  static constexpr Cost cell_cost(std::size_t cell, const Architecture<Space>& architecture,
                                  const Geometry& geometry, const SpatialSize& input) {
    Cost cost;
    const std::size_t edges = index_of({0, Space::cell_node_count(cell)});
    for (std::size_t i = 0; i < edges; ++i) {
      const std::size_t choice = Space::choice_at(Space::first_location(cell) + i);
      const bool from_input = edge_at(i).source == 0;
      cost += detail::candidate_cost<Skeleton>(
          choice, architecture[choice],
          from_input ? geometry : Geometry{.channels = geometry.out_channels},
          from_input ? input : input.reduced(geometry.stride));
    }
    return cost;
  }
};

/// The network with a policy put into it.
///
/// *Shapes*: x [N, C, H, W] -> what the head returns.
template <class Skeleton>
template <DependencyPolicy Policy>
class CellNetwork<Skeleton>::Module : public torch::nn::Module {
 public:
  using Space = typename Skeleton::Space;

  explicit Module(const Options& options = {}) : ends_(*this, options) {
    const auto cells = register_module("cells", std::make_shared<torch::nn::Module>());
    const std::vector<CellLayer> layers = Skeleton::layers(options);
    std::size_t cell = 0;
    for (const CellLayer& layer : layers) {
      const auto add = [&](auto module) {
        return cells->register_module(std::to_string(layers_.size()), std::move(module));
      };
      const Response downstream =
          &layer == &layers.back() ? detail::head_response<Skeleton>() : Response::kObserved;
      if (layer.kind == CellLayer::kCell) {
        layers_.push_back({add(make_cell(cell++, layer.geometry, downstream)), nullptr});
      } else if constexpr (kHasReduction) {
        layers_.push_back({nullptr, add(Skeleton::reduction(options, layer.geometry))});
      } else {
        TORCH_CHECK(false, "interchoice: layer ", layers_.size(),
                    " of a CellNetwork is a reduction, but its skeleton makes none; add "
                    "`reduction(const Options&, const Geometry&)`");
      }
    }
    check_cell_count(cell);
    ends_.add_head(*this);
    describe_segments();
    initialise();
  }

  const Options& options() const { return ends_.options(); }

  /// Draws new initial weights as the skeleton says, for all modules that are there by now. Called
  /// by the constructor.
  void initialise() { ends_.initialise(*this); }

  at::Tensor forward(const at::Tensor& x, const Architecture<Space>& architecture) {
    Activations activations{x};
    for (std::size_t i = 0; i < steps_.size(); ++i) run_segment(i, activations, architecture);
    return activations.front();
  }

  /// Stem, every node of every cell, every reduction, head.
  const std::vector<Segment>& segments() const { return segments_; }

  /// Which architectures compute the same, with the parameters as they are now.
  CanonicalForms<Space> canonical_forms() {
    std::vector<CellReading> cells;
    for (Layer& layer : layers_) {
      if (layer.cell) cells.push_back(detail::cell_reading(*layer.cell));
    }
    return CanonicalForms<Space>(std::move(cells));
  }

  /// Runs one segment. Inside a cell the activations are its nodes so far.
  void run_segment(std::size_t i, Activations& activations,
                   const Architecture<Space>& architecture) {
    const Step& step = steps_[i];
    switch (step.kind) {
      case Step::kStem:
        activations = {ends_.stem(activations.front())};
        break;
      case Step::kNode: {
        Cell& cell = layers_[step.layer].cell;
        activations.push_back(cell->forward_node(step.node, activations, architecture));
        if (step.node + 1 == cell->node_count()) activations = {activations.back()};
        break;
      }
      case Step::kReduction:
        if constexpr (kHasReduction) {
          activations = {layers_[step.layer].reduction->forward(activations.front())};
        }
        break;
      case Step::kHead:
        activations = {ends_.head(activations.front())};
        break;
    }
  }

 private:
  using Cell = CellBlocks<Space, Policy>;

  static auto reduction_type() {
    if constexpr (kHasReduction) {
      return decltype(Skeleton::reduction(std::declval<const Options&>(), Geometry{}))(nullptr);
    } else {
      return nullptr;
    }
  }

  struct Layer {  // one of both
    Cell cell{nullptr};
    decltype(reduction_type()) reduction{nullptr};
  };

  struct Step {
    enum Kind { kStem, kNode, kReduction, kHead } kind;
    std::size_t layer = 0;
    std::size_t node = 0;
  };

  static Cell make_cell(std::size_t cell, const Geometry& geometry, Response downstream) {
    if constexpr (requires { typename Skeleton::Operations; }) {
      return Cell(cell, geometry, downstream, operations_of<typename Skeleton::Operations>);
    } else {
      return Cell(cell, geometry, downstream);
    }
  }

  static void check_cell_count(std::size_t cells) {
    if constexpr (!Space::repeats) {
      TORCH_CHECK(cells == Space::cell_count, "interchoice: '", std::string(Space::name), "' has ",
                  Space::cell_count, " cells, the layers of the network have ", cells,
                  "; give one layer of kind kCell for each");
    } else {
      TORCH_CHECK(cells >= 1, "interchoice: a CellNetwork needs at least one layer of kind kCell");
    }
  }

  void describe_segments() {
    const auto add = [&](const Step& step, Segment segment) {
      steps_.push_back(step);
      segments_.push_back(std::move(segment));
    };
    add({Step::kStem}, {"stem", {}});
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const std::string name = "cells." + std::to_string(l);
      Cell& cell = layers_[l].cell;
      if (!cell) {
        add({Step::kReduction, l}, {name, {}});
        continue;
      }
      for (std::size_t node = 1; node < cell->node_count(); ++node) {
        Segment segment{name + ".node" + std::to_string(node), {}};
        for (std::size_t source = 0; source < node; ++source) {
          segment.reads(cell->edge(index_of({source, node}))->context());
        }
        add({Step::kNode, l, node}, std::move(segment));
      }
    }
    add({Step::kHead}, {"head", {}});
  }

  detail::NetworkEnds<Skeleton> ends_;
  std::vector<Layer> layers_;
  std::vector<Step> steps_;
  std::vector<Segment> segments_;
};

}  // namespace interchoice
