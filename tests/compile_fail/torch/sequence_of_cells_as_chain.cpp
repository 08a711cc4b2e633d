// expect: interchoice: ChoiceBlocks<Space, ...> needs a chain
// expect: interchoice: ChainNetwork<Skeleton> needs a Skeleton::Space that is a chain
#include "interchoice/networks/chain_network.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/spaces/cell_sequence.hpp"
#include "interchoice/spaces/chain.hpp"

namespace ic = interchoice;

using Skips = ic::Candidates<ic::Skip>;
#ifdef INTERCHOICE_POSITIVE
using Space = ic::Chain<4, Skips>;
#else
// Choices of their own and no repetition, but not applied one after the other.
using Space = ic::CellSequence<ic::CellOrder<0, 1>, ic::Cell<2, Skips>, ic::Cell<1, Skips>>;
#endif

struct Skeleton {
  using Space = ::Space;
  struct Options {};
};
template class ic::ChoiceBlocksImpl<Space, ic::none>;
using SkeletonSpace = ic::ChainNetwork<Skeleton>::Space;
