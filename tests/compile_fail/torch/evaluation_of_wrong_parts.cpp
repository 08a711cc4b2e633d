// expect: interchoice: an evaluation needs a network with forward(x, architecture)
// expect: interchoice: recalibrate(network, data) needs a network with forward(x)
// expect: interchoice: plan_sharing needs a network with `segments()`
#include <torch/nn/pimpl.h>

#include <vector>

#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/evaluation/recalibrate.hpp"
#include "interchoice/spaces/nasbench201.hpp"
#include "interchoice/spaces/nasbench_macro.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;

struct NetImpl : torch::nn::Module {
  using Space = ::Space;
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<Space>&) { return x; }
#ifdef INTERCHOICE_POSITIVE
  at::Tensor forward(const at::Tensor& x) { return x; }
  std::vector<ic::Segment> segments() const {
    return {{ "all", {} }};
  }
  void run_segment(std::size_t, ic::Activations&, const ic::Architecture<Space>&) {}
#endif
};
TORCH_MODULE(Net);

#ifdef INTERCHOICE_POSITIVE
using Ranked = Space;
#else
using Ranked = ic::NasBenchMacroSpace;
#endif

void evaluate(Net& net, const ic::EvaluationData& data) {
  ic::rank(net, data, std::vector<ic::Architecture<Ranked>>(1));
  ic::recalibrate(net, data.calibration);
  ic::plan_sharing(net, data, std::vector<ic::Architecture<Space>>(1), ic::Recalibration::paper());
}
