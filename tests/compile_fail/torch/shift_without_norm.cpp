// expect: interchoice: shift and affine act after an operation's first normalisation
// expect: or use bias
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/spaces/chain.hpp"

namespace ic = interchoice;

using Space = ic::Chain<2, ic::Candidates<ic::Skip>>;
#ifdef INTERCHOICE_POSITIVE
using Policy = ic::bias<1>;
#else
using Policy = ic::shift<1>;
#endif

ic::ChoiceBlocks<Space, Policy> body() {
  return ic::ChoiceBlocks<Space, Policy>(ic::Geometry{.channels = 4});
}
