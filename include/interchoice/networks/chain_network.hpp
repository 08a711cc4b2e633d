#pragma once

#include <torch/nn/module.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "interchoice/networks/detail/skeleton.hpp"
#include "interchoice/networks/segments.hpp"
#include "interchoice/networks/supernet.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/cost.hpp"
#include "interchoice/spaces/chain.hpp"

namespace interchoice {

/// Blocks in a row of which the first changes width and map size.
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
///   static constexpr Response head_response       what becomes of a constant per channel at the
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

  /// Parameters and MACs of the network that an architecture is on its own, for input images of
  /// this size. *Cost*: one look at each candidate of each choice; no network is made.
  static constexpr Cost cost(const Architecture<Space>& architecture, const Options& options = {},
                             const SpatialSize& input_size = Skeleton::input_size) {
    Cost cost = Skeleton::stem_cost(options, input_size);
    SpatialSize map = input_size.reduced(Skeleton::stem_stride);
    const auto geometries = Skeleton::geometries(options);
    for (std::size_t i = 0; i < Space::choice_count; ++i) {
      cost += detail::candidate_cost<Skeleton>(i, architecture[i], geometries[i], map);
      map = map.reduced(geometries[i].stride);
    }
    return cost + Skeleton::head_cost(options, map);
  }
};

/// The network with a policy put into it.
///
/// *Shapes*: x [N, C, H, W] -> what the head returns.
template <class Skeleton>
template <DependencyPolicy Policy>
class ChainNetwork<Skeleton>::Module : public torch::nn::Module {
 public:
  using Space = typename Skeleton::Space;

  explicit Module(const Options& options = {}) : ends_(*this, options) {
    const auto geometries = Skeleton::geometries(options);
    const std::vector<Geometry> list(geometries.begin(), geometries.end());
    constexpr Response kDownstream = detail::head_response<Skeleton>();
    if constexpr (requires { typename Skeleton::Operations; }) {
      body_ = Body(list, kDownstream, operations_of<typename Skeleton::Operations>);
    } else {
      body_ = Body(list, kDownstream);
    }
    register_module("body", body_);
    ends_.add_head(*this);
    segments_.push_back({"stem", {}});
    for (std::size_t i = 0; i < body_->size(); ++i) {
      segments_.push_back({"body." + std::to_string(i), {}});
      segments_.back().reads((*body_)[i]->context());
    }
    segments_.push_back({"head", {}});
    initialise();
  }

  const Options& options() const { return ends_.options(); }

  /// Draws new initial weights as the skeleton says, for all modules that are there by now. Called
  /// by the constructor.
  void initialise() { ends_.initialise(*this); }

  at::Tensor forward(const at::Tensor& x, const Architecture<Space>& architecture) {
    return ends_.head(body_->forward(ends_.stem(x), architecture));
  }

  /// Stem, every block, head.
  const std::vector<Segment>& segments() const { return segments_; }

  void run_segment(std::size_t i, Activations& activations,
                   const Architecture<Space>& architecture) {
    const at::Tensor& x = activations.front();
    if (i == 0) {
      activations = {ends_.stem(x)};
    } else if (i <= body_->size()) {
      activations = {(*body_)[i - 1]->forward(x, architecture)};
    } else {
      activations = {ends_.head(x)};
    }
  }

 private:
  using Body = ChoiceBlocks<Space, Policy>;

  detail::NetworkEnds<Skeleton> ends_;
  Body body_{nullptr};
  std::vector<Segment> segments_;
};

}  // namespace interchoice
