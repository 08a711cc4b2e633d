// expect: interchoice: ChoiceBlocks<Space, ...> needs a chain
// expect: for cells use interchoice::CellBlocks
// expect: interchoice: a dependency policy needs a specialisation of
// expect: interchoice::dependency_state<Policy> with a constructor (torch::nn::Module&
// expect: gain
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/spaces/cell.hpp"
#include "interchoice/spaces/chain.hpp"

namespace ic = interchoice;

struct gain {
  static constexpr std::string_view name = "gain";
  static constexpr std::size_t depth = 1;
};

using Choice = ic::Candidates<ic::Skip>;
#ifdef INTERCHOICE_POSITIVE
template <>
struct ic::dependency_state<gain> {
  dependency_state(torch::nn::Module&, const ic::Context&, const ic::Geometry&) {}
};
using Space = ic::Chain<2, Choice>;
#else
using Space = ic::Cell<2, Choice>;
#endif

template class ic::ChoiceBlockImpl<ic::Chain<2, Choice>, gain>;
template class ic::ChoiceBlocksImpl<Space, ic::bias<1>>;
