#pragma once

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "interchoice/networks/detail/skeleton.hpp"
#include "interchoice/networks/segments.hpp"
#include "interchoice/networks/supernet.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/cost.hpp"
#include "interchoice/spaces/chain.hpp"

namespace interchoice {

/// Blocks in a row of which the first changes width and spatial size.
struct ChainStage {
  std::int64_t width = 1;
  std::int64_t blocks = 1;
  std::int64_t stride = 1;
};

/// The number of blocks of all stages.
template <std::size_t N>
constexpr std::size_t block_count(const std::array<ChainStage, N>& stages) {
  std::int64_t count = 0;
  for (const ChainStage& stage : stages) count += stage.blocks;
  return static_cast<std::size_t>(count);
}

/// The geometry of every block of the stages, behind an input of `width` channels.
template <std::size_t Blocks, std::size_t N>
constexpr std::array<Geometry, Blocks> stage_geometries(std::int64_t width,
                                                        const std::array<ChainStage, N>& stages) {
  std::array<Geometry, Blocks> geometries;
  std::size_t next = 0;
  for (const ChainStage& stage : stages) {
    for (std::int64_t i = 0; i < stage.blocks; ++i) {
      geometries[next++] = {
          .channels = width, .out_channels = stage.width, .stride = i == 0 ? stage.stride : 1};
      width = stage.width;
    }
  }
  return geometries;
}

/// A super-network around a chain: stem, one block a choice, head. A skeleton says what they are:
///
///   struct MySkeleton {
///     using Space = Chain<6, Candidates<...>>;
///     struct Options { std::int64_t classes = 10; };
///     static torch::nn::Sequential stem(const Options&);
///     static std::vector<Geometry> geometries(const Options&);   // one a choice; or an array
///     static torch::nn::Sequential head(const Options&);
///   };
///   Supernet<ChainNetwork<MySkeleton>, bias<1>> net(MySkeleton::Options{});
///
/// `stem` and `head` return any module holder or shared_ptr to a module with `forward(x)`. Further
/// members, all optional:
///
///   using Operations = Candidates<...>            where the space's candidates are only names
///   static void check(const Options&)             called first; refuses what makes no network
///   static void initialise(module, options)       called last; sets the initial weights
///   static Options default_options()              where they are not `Options{}`
///   static constexpr Response head_response       the response to a constant per channel at the
///                                                 head's input; kRemoved where it starts with
///                                                 (convolution 1x1 and) BatchNorm
///   stem_cost(options, input), stem_stride, head_cost(options, input), input_size
///                                                 what `cost` needs beside the candidates' costs
template <class Skeleton>
struct ChainNetwork {
  using Space = typename Skeleton::Space;
  using Options = typename Skeleton::Options;
  static_assert(ChainSpace<Space>,
                "interchoice: ChainNetwork<Skeleton> needs a Skeleton::Space that is a chain; for "
                "cells use interchoice::CellNetwork");

  template <DependencyPolicy Policy>
  class Module;

  static constexpr Options default_options() { return detail::default_options<Skeleton>(); }

  /// Parameters and MACs of the network that an architecture is on its own, for input images of
  /// this size. *Cost*: one look at each candidate of each choice; no network is made.
  static constexpr Cost cost(const Architecture<Space>& architecture,
                             const Options& options = default_options(),
                             const SpatialSize& input_size = Skeleton::input_size) {
    return detail::network_cost<Skeleton>(options, input_size, [&](Cost& cost, SpatialSize& size) {
      const auto geometries = Skeleton::geometries(options);
      for (std::size_t i = 0; i < Space::choice_count; ++i) {
        cost += cost_of_candidate<typename detail::OperationsIn<Skeleton>::type>(
            i, architecture[i], geometries[i], size);
        size = size.reduced(geometries[i].stride);
      }
    });
  }
};

/// The network with a policy put into it.
///
/// *Shapes*: x [N, ...] as the stem takes it, images [N, C, H, W] channels-last -> the head's.
template <class Skeleton>
template <DependencyPolicy Policy>
class ChainNetwork<Skeleton>::Module : public detail::SkeletonModule<Skeleton> {
 public:
  explicit Module(const Options& options = default_options())
      : detail::SkeletonModule<Skeleton>(options) {
    const auto geometries = Skeleton::geometries(options);
    const std::vector<Geometry> list(geometries.begin(), geometries.end());
    body_ = this->register_module("body", Body(list, detail::head_response<Skeleton>(),
                                               detail::operations_in<Skeleton, Policy>));
    std::vector<Segment> segments;
    for (std::size_t i = 0; i < body_->size(); ++i) {
      segments.push_back({fmt::format("body.{}", i), {}});
      segments.back().reads((*body_)[i]->context());
    }
    this->finish(std::move(segments));
  }

  at::Tensor forward(const at::Tensor& x, const Architecture<Space>& architecture) {
    return run_segments(*this, x, architecture);
  }

  /// Runs the stem, a block, or the head.
  void run_segment(std::size_t i, Activations& activations,
                   const Architecture<Space>& architecture) {
    if (this->run_end(i, activations)) return;
    activations = {(*body_)[i - 1]->forward(activations.front(), architecture)};
  }

 private:
  using Body = ChoiceBlocks<Space, Policy>;

  Body body_{nullptr};
};

}  // namespace interchoice
