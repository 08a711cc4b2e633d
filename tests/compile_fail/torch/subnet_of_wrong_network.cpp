// expect: interchoice: Subnet<Network> needs a network with `forward(x, architecture)`; give
// expect: or write Subnet<Network, Space>
// expect: interchoice: extract(net, architecture) needs to rebuild the network
// expect: extract(net, architecture, arguments...)
#include "interchoice/export/subnet.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/spaces/chain.hpp"

namespace ic = interchoice;

using Space = ic::Chain<2, ic::Candidates<ic::Skip>>;

struct NetImpl : torch::nn::Module {
  explicit NetImpl(std::int64_t) {}
#ifdef INTERCHOICE_POSITIVE
  using Space = ::Space;
#endif
  template <class Path>
  at::Tensor forward(const at::Tensor& x, const Path& path) {
    return body->forward(x, path);
  }
  ic::ChoiceBlocks<::Space, ic::none> body{ic::Geometry{}};
};
TORCH_MODULE(Net);

#ifdef INTERCHOICE_POSITIVE
auto take_out(Net& net, const ic::Architecture<Space>& path) { return ic::extract(net, path, 8); }
#else
auto take_out(Net& net, const ic::Architecture<Space>& path) { return ic::extract(net, path); }
#endif
using Made = ic::Subnet<Net>;
