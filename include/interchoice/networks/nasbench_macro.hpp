#pragma once

#include <c10/util/Exception.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "interchoice/networks/chain_network.hpp"
#include "interchoice/networks/convolution_stem.hpp"
#include "interchoice/networks/pointwise_head.hpp"
#include "interchoice/nn/operations/inverted_residual.hpp"
#include "interchoice/nn/operations/projected_skip.hpp"
#include "interchoice/spaces/nasbench_macro.hpp"

namespace interchoice {

/// The sizes of a NAS-Bench-Macro network. The defaults are the benchmark's, on CIFAR-10.
struct NasBenchMacroOptions {
  std::int64_t input_channels = 3;
  std::int64_t classes = 10;
  /// Channels behind the stem; doubled by each of the three stages.
  std::int64_t width = 32;
  std::int64_t head_width = 1280;

  static void for_each_field(auto& options, auto&& visit) {
    visit("input_channels", options.input_channels);
    visit("classes", options.classes);
    visit("width", options.width);
    visit("head_width", options.head_width);
  }
};

namespace nasbench_macro {

/// conv3x3 -> BN -> ReLU.
using Stem = ConvolutionStem<relu>;

/// The skeleton: see `ChainNetwork`.
struct Skeleton {
  using Space = NasBenchMacroSpace;
  using Options = NasBenchMacroOptions;
  using Operations =
      Candidates<ProjectedSkip, InvertedResidual<3, 3, relu>, InvertedResidual<5, 6, relu>>;
  using Head = PointwiseHead<relu>;
  static_assert(Operations::names == LayerCandidates::names);

  static constexpr Response head_response = Response::kRemoved;
  static constexpr SpatialSize input_size{32, 32};
  static constexpr std::int64_t stem_stride = 1;

  static void check(const Options& o) {
    TORCH_CHECK(o.input_channels >= 1 && o.classes >= 1 && o.width >= 1 && o.head_width >= 1,
                "interchoice: NasBenchMacroOptions need input_channels, classes, width and "
                "head_width of at least 1, got ",
                o.input_channels, ", ", o.classes, ", ", o.width, ", ", o.head_width);
  }
  static std::shared_ptr<Stem> stem(const Options& o) {
    return std::make_shared<Stem>(o.input_channels, o.width);
  }
  static constexpr auto geometries(const Options& o) {
    std::array<ChainStage, kChoicesPerStage.size()> stages;
    for (std::size_t i = 0; i < stages.size(); ++i) {
      stages[i] = {.width = o.width << (i + 1),
                   .blocks = static_cast<std::int64_t>(kChoicesPerStage[i]),
                   .stride = 2};
    }
    return stage_geometries<Space::choice_count>(o.width, stages);
  }
  static std::shared_ptr<Head> head(const Options& o) {
    return std::make_shared<Head>(head_options(o));
  }

  static constexpr Cost stem_cost(const Options& o, const SpatialSize& input) {
    return Stem::cost(o.input_channels, o.width, input);
  }
  static constexpr Cost head_cost(const Options& o, const SpatialSize& input) {
    return Head::cost(head_options(o), input);
  }

 private:
  static constexpr Head::Options head_options(const Options& o) {
    return {.channels = o.width << kChoicesPerStage.size(),
            .width = o.head_width,
            .classes = o.classes};
  }
};

}  // namespace nasbench_macro

/// The super-network of NAS-Bench-Macro: stem, eight choices of three blocks in three stages, head.
/// The first choice of a stage doubles the channels and halves the spatial size; its identity is
/// then a 1x1 convolution with BatchNorm. `cost` gives the `params` and `flops` of the benchmark's
/// table.
///
/// In this network `bias` is inert (see docs/method.md); `shift` and `affine` are not.
///
/// *Shapes*: x [N, input_channels, H, W] -> [N, classes]. *Source*: Su et al., Prioritized
/// Architecture Sampling with Monte-Carlo Tree Search (CVPR 2021).
struct NasBenchMacro : ChainNetwork<nasbench_macro::Skeleton> {};

}  // namespace interchoice
