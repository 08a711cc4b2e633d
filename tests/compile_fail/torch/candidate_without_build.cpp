// expect: interchoice: a candidate operation needs `build(const Geometry&) const`
// expect: add it to the type named above
// expect: MyConv
#include <torch/nn/modules/conv.h>

#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/spaces/chain.hpp"

namespace ic = interchoice;

struct MyConv {
  static constexpr std::string_view name = "my_conv";
#ifdef INTERCHOICE_POSITIVE
  torch::nn::Conv2d build(const ic::Geometry& g) const {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(g.channels, g.out_channels, 1));
  }
#endif
};

using Space = ic::Chain<2, ic::Candidates<ic::Skip, MyConv>>;
ic::ChoiceBlocks<Space, ic::bias<1>> body() {
  return ic::ChoiceBlocks<Space, ic::bias<1>>(ic::Geometry{.channels = 4});
}
