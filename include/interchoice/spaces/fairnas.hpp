#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "interchoice/spaces/chain.hpp"

namespace interchoice {

/// The candidates of FairNAS as names, with the paper's indices 0 to 5. They compute
/// `InvertedResidual<Kernel, Expansion>`.
namespace fairnas {

/// MobileNetV2's block with a kernel and an expansion, as in `k3e6`.
template <char Kernel, char Expansion>
struct Block {
  static constexpr std::array<char, 4> letters{'k', Kernel, 'e', Expansion};
  static constexpr std::string_view name{letters.data(), letters.size()};
  static constexpr CandidateKind kind = CandidateKind::kConvolution;
};

/// The paper's indices 0 to 5.
using BlockCandidates = Candidates<Block<'3', '3'>, Block<'5', '3'>, Block<'7', '3'>,
                                   Block<'3', '6'>, Block<'5', '6'>, Block<'7', '6'>>;

}  // namespace fairnas

/// A chain of `Length` choices of FairNAS' six blocks.
template <std::size_t Length>
struct FairNasChain : Chain<Length, fairnas::BlockCandidates> {
  static constexpr std::string_view name = "fairnas";
};

/// The FairNAS space: nineteen choices of six MobileNetV2 blocks, k3e3, k5e3, k7e3, k3e6, k5e6,
/// k7e6; 6^19 architectures.
///
/// *Source*: Chu et al., FairNAS (ICCV 2021); paper section 3.1.2.
using FairNasSpace = FairNasChain<19>;

}  // namespace interchoice
