#pragma once

#include <c10/util/Exception.h>
#include <fmt/core.h>
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
  /// The kind of layer.
  enum Kind { kCell, kReduction } kind = kCell;
  Geometry geometry;
};

/// Stages of cells that keep the shape, with reductions between them that double the channels and
/// halve the spatial size.
struct CellStages {
  std::int64_t width = 16;  ///< channels of the first stage
  std::vector<std::int64_t> cells_per_stage;
  ChannelAxis axis = ChannelAxis::kSecond;
};
/// Their layers, in order.
constexpr std::vector<CellLayer> staged_layers(const CellStages& stages) {
  std::vector<CellLayer> layers;
  std::int64_t width = stages.width;
  for (const std::int64_t cells : stages.cells_per_stage) {
    if (!layers.empty()) {
      layers.push_back(
          {CellLayer::kReduction,
           {.channels = width, .out_channels = 2 * width, .stride = 2, .axis = stages.axis}});
      width *= 2;
    }
    for (std::int64_t i = 0; i < cells; ++i) {
      layers.push_back({CellLayer::kCell, {.channels = width, .axis = stages.axis}});
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
/// `check`, `initialise`, `default_options`, `head_response` and what `cost` needs, as for
/// `ChainNetwork`, with `reduction_cost(options, geometry, input)` beside.
template <class Skeleton>
struct CellNetwork {
  using Space = typename Skeleton::Space;
  using Options = typename Skeleton::Options;
  static_assert(CellSpace<Space>,
                "interchoice: CellNetwork<Skeleton> needs a Skeleton::Space of cells, such as "
                "Cell; for chains use interchoice::ChainNetwork");

  template <DependencyPolicy Policy>
  class Module;

  static constexpr Options default_options() { return detail::default_options<Skeleton>(); }

  /// Parameters and MACs of the network that an architecture is on its own, for input images of
  /// this size. *Cost*: one look at each candidate of each edge; no network is made.
  static constexpr Cost cost(const Architecture<Space>& architecture,
                             const Options& options = default_options(),
                             const SpatialSize& input_size = Skeleton::input_size) {
    return detail::network_cost<Skeleton>(options, input_size, [&](Cost& cost, SpatialSize& size) {
      std::size_t cell = 0;
      for (const CellLayer& layer : Skeleton::layers(options)) {
        if (layer.kind == CellLayer::kCell) {
          cost += cell_cost(cell++, architecture, layer.geometry, size);
        } else if constexpr (kHasReduction) {  // else making the network would fail
          cost += Skeleton::reduction_cost(options, layer.geometry, size);
        }
        size = size.reduced(layer.geometry.stride);
      }
    });
  }

 private:
  static constexpr bool kHasReduction = requires(const Options& options) {
    Skeleton::reduction(options, Geometry{});
  };

  static constexpr Cost cell_cost(std::size_t cell, const Architecture<Space>& architecture,
                                  const Geometry& geometry, const SpatialSize& input) {
    Cost cost;
    const std::size_t edges = index_of({0, Space::cell_node_count(cell)});
    for (std::size_t i = 0; i < edges; ++i) {
      const std::size_t choice = Space::choice_at(Space::first_location(cell) + i);
      const bool from_input = edge_at(i).source == 0;
      cost += cost_of_candidate<typename detail::OperationsIn<Skeleton>::type>(
          choice, architecture[choice],
          from_input ? geometry
                     : Geometry{.channels = geometry.out_channels, .axis = geometry.axis},
          from_input ? input : input.reduced(geometry.stride));
    }
    return cost;
  }
};

/// The network with a policy put into it. Its segments are the stem, every node of every cell,
/// every reduction, and the head.
///
/// *Shapes*: x [N, ...] as the stem takes it, images [N, C, H, W] channels-last -> the head's.
template <class Skeleton>
template <DependencyPolicy Policy>
class CellNetwork<Skeleton>::Module : public detail::SkeletonModule<Skeleton> {
 public:
  explicit Module(const Options& options = default_options())
      : detail::SkeletonModule<Skeleton>(options) {
    const auto holder = this->register_module("cells", std::make_shared<torch::nn::Module>());
    const std::vector<CellLayer> layers = Skeleton::layers(options);
    std::vector<Segment> segments;
    std::size_t cells = 0;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const std::string name = fmt::format("cells.{}", l);
      const auto add = [&](auto module) {
        return holder->register_module(std::to_string(l), std::move(module));
      };
      const Response downstream =
          l + 1 == layers.size() ? detail::head_response<Skeleton>() : Response::kObserved;
      if (layers[l].kind == CellLayer::kCell) {
        layers_.push_back({add(Cell(cells++, layers[l].geometry, downstream,
                                    detail::operations_in<Skeleton, Policy>)),
                           nullptr});
        for (std::size_t node = 1; node < layers_[l].cell->node_count(); ++node) {
          steps_.push_back({l, node});
          segments.push_back({fmt::format("{}.node{}", name, node), {}});
          for (std::size_t source = 0; source < node; ++source) {
            segments.back().reads(layers_[l].cell->edge(index_of({source, node}))->context());
          }
        }
      } else if constexpr (kHasReduction) {
        layers_.push_back({nullptr, add(Skeleton::reduction(options, layers[l].geometry))});
        steps_.push_back({l, 0});
        segments.push_back({name, {}});
      } else {
        TORCH_CHECK(false, "interchoice: layer ", l,
                    " of a CellNetwork is a reduction, but its skeleton makes none; add "
                    "`reduction(const Options&, const Geometry&)`");
      }
    }
    if constexpr (!Space::repeats) {
      TORCH_CHECK(cells == Space::cell_count, "interchoice: '", Space::name, "' has ",
                  Space::cell_count, " cells, the layers of the network have ", cells,
                  "; give one layer of kind kCell for each");
    } else {
      TORCH_CHECK(cells >= 1, "interchoice: a CellNetwork needs at least one layer of kind kCell");
    }
    this->finish(std::move(segments));
  }

  at::Tensor forward(const at::Tensor& x, const Architecture<Space>& architecture) {
    return run_segments(*this, x, architecture);
  }

  /// Which architectures compute the same.
  CanonicalForms<Space> canonical_forms() {
    std::vector<CellReading> cells;
    for (Layer& layer : layers_) {
      if (layer.cell) cells.push_back(detail::cell_reading(*layer.cell));
    }
    return CanonicalForms<Space>(std::move(cells));
  }

  /// Runs the stem, a node of a cell, a reduction, or the head. Inside a cell the activations are
  /// its nodes so far.
  void run_segment(std::size_t i, Activations& activations,
                   const Architecture<Space>& architecture) {
    if (this->run_end(i, activations)) return;
    const auto [layer, node] = steps_[i - 1];
    if (Cell& cell = layers_[layer].cell) {
      activations.push_back(cell->forward_node(node, activations, architecture));
      if (node + 1 == cell->node_count()) activations = {activations.back()};
    } else if constexpr (kHasReduction) {
      activations = {layers_[layer].reduction->forward(activations.front())};
    }
  }

 private:
  using Cell = CellBlocks<Space, Policy>;

  static auto no_reduction() {
    if constexpr (kHasReduction) {
      return decltype(Skeleton::reduction(std::declval<const Options&>(), Geometry{}))(nullptr);
    } else {
      return nullptr;
    }
  }

  struct Layer {  // one of both
    Cell cell{nullptr};
    decltype(no_reduction()) reduction{nullptr};
  };

  struct Step {  // between stem and head
    std::size_t layer = 0;
    std::size_t node = 0;
  };

  std::vector<Layer> layers_;
  std::vector<Step> steps_;
};

}  // namespace interchoice
