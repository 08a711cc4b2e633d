#pragma once

#include <string_view>

#include "interchoice/spaces/cell.hpp"

namespace interchoice {

/// The candidates of NAS-Bench-201 as names, with the benchmark's indices 0 to 4. Their computation
/// is in `networks/nasbench201.hpp`.
namespace nasbench201 {

/// Index 0: y = 0.
struct Zero {
  static constexpr std::string_view name = "none";
  static constexpr CandidateKind kind = CandidateKind::kZero;
};
/// Index 1: y = x.
struct Skip {
  static constexpr std::string_view name = "skip_connect";
  static constexpr CandidateKind kind = CandidateKind::kSkip;
};
/// Index 2: ReLU -> conv1x1 -> BN.
struct Convolution1x1 {
  static constexpr std::string_view name = "nor_conv_1x1";
  static constexpr CandidateKind kind = CandidateKind::kConvolution;
};
/// Index 3: ReLU -> conv3x3 -> BN.
struct Convolution3x3 {
  static constexpr std::string_view name = "nor_conv_3x3";
  static constexpr CandidateKind kind = CandidateKind::kConvolution;
};
/// Index 4: average of 3x3 pixels.
struct AveragePool3x3 {
  static constexpr std::string_view name = "avg_pool_3x3";
  static constexpr CandidateKind kind = CandidateKind::kPooling;
};

/// The candidates of each edge.
using EdgeCandidates = Candidates<Zero, Skip, Convolution1x1, Convolution3x3, AveragePool3x3>;

}  // namespace nasbench201

/// The NAS-Bench-201 space: a cell of three nodes, six edges, five candidates; 15,625
/// architectures.
///
/// *Source*: Dong & Yang, NAS-Bench-201 (ICLR 2020); paper section 3.1.1.
struct NasBench201Space : Cell<3, nasbench201::EdgeCandidates> {
  static constexpr std::string_view name = "nasbench201";
};

}  // namespace interchoice
