// expect: interchoice: shift and affine act after an operation's first normalisation
// expect: or use bias
// expect: NamedSkip
#include <torch/nn/modules/container/sequential.h>

#include "interchoice/networks/chain_network.hpp"
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

// A space of names, whose skeleton has the operations.
struct NamedSkip {
  static constexpr std::string_view name = "skip_connect";
};
struct Skeleton {
  using Space = ic::Chain<2, ic::Candidates<NamedSkip>>;
  using Operations = ic::Candidates<ic::Skip>;
  struct Options {};
  static torch::nn::Sequential stem(const Options&) { return {}; }
  static std::vector<ic::Geometry> geometries(const Options&) { return {{}, {}}; }
  static torch::nn::Sequential head(const Options&) { return {}; }
};
template class ic::ChainNetwork<Skeleton>::Module<Policy>;
