// expect: interchoice: ChoiceBlocks<Space, ...> needs a chain
// expect: for cells use interchoice::CellBlocks
// expect: interchoice: CellBlocks<Space, ...> needs a space of cells, such as Cell
// expect: for chains use interchoice::ChoiceBlocks
// expect: interchoice: a dependency policy needs a specialisation of
// expect: interchoice::dependency_state<Policy> with a constructor (torch::nn::Module&
// expect: interchoice: a dependency_state<Policy> needs at least one hook
// expect: interchoice: compose<Policies...> needs policies on different hooks
// expect: gain
#include "interchoice/nn/cell_blocks.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/spaces/cell.hpp"
#include "interchoice/spaces/chain.hpp"

namespace ic = interchoice;

struct gain {
  static constexpr std::string_view name = "gain";
  static constexpr std::size_t depth = 1;
};
struct loss {
  static constexpr std::string_view name = "loss";
  static constexpr std::size_t depth = 1;
};

template <>
struct ic::dependency_state<loss> {
  dependency_state(torch::nn::Module&, const ic::Site&) {}
#ifdef INTERCHOICE_POSITIVE
  at::Tensor after(const at::Tensor& y, const ic::Selection&) const { return y; }
#else
  at::Tensor afterwards(const at::Tensor& y) const { return y; }  // is called by nobody
#endif
};

using Skips = ic::Candidates<ic::Skip>;
#ifdef INTERCHOICE_POSITIVE
template <>
struct ic::dependency_state<gain> {
  dependency_state(torch::nn::Module&, const ic::Site&) {}
  at::Tensor before(const at::Tensor& x, const ic::Selection&) const { return x; }
};
using Chain = ic::Chain<2, Skips>;
using Cell = ic::Cell<2, Skips>;
using Composed = ic::compose<ic::bias<1>, ic::scale<1>>;
#else
using Chain = ic::Cell<2, Skips>;
using Cell = ic::Chain<2, Skips>;
using Composed = ic::compose<ic::bias<1>, ic::bias_sum<1>>;
#endif

template class ic::ChoiceBlockImpl<ic::Chain<2, Skips>, gain>;
template class ic::ChoiceBlockImpl<ic::Chain<2, Skips>, loss>;
template class ic::ChoiceBlockImpl<ic::Chain<2, Skips>, Composed>;
template class ic::ChoiceBlocksImpl<Chain, ic::bias<1>>;
template class ic::CellBlocksImpl<Cell, ic::bias<1>>;
