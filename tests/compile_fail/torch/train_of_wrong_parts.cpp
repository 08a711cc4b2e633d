// expect: interchoice: train needs a sampler: a callable `sample(epoch, step)` that returns an
// expect: interchoice: train needs a network: a module holder with `forward(x, architecture)` for
// expect: interchoice: train needs a batch source, such as Batches; a type of your own needs
// expect: interchoice: a loss needs `at::Tensor operator()(const at::Tensor& logits, const
// expect: interchoice: the optimizer of a training needs a callable that takes a `const
// expect: interchoice: a part of a training needs a callable with the parameters and the result
// expect: interchoice: PathStep needs a module holder, such as TORCH_MODULE makes; give it `net`,
// expect: interchoice: a training step needs a loss: a callable `loss(path)`, `loss(path,
// expect: interchoice: Supernet<Network, Policy> needs a network with `Space`, `Options` and
// expect: interchoice: a dependency policy needs to be an empty type; keep its parameters in
#include <torch/nn/modules/linear.h>

#include "interchoice/data/batches.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/sampling/fixed.hpp"
#include "interchoice/training/train.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;

struct gain {
  static constexpr std::string_view name = "gain";
  static constexpr std::size_t depth = 1;
#ifndef INTERCHOICE_POSITIVE
  float value = 1;
#endif
};

template <>
struct ic::dependency_state<gain> {
  dependency_state(torch::nn::Module&, const ic::Site&) {}
  at::Tensor after(const at::Tensor& y, const ic::Selection&) const { return y; }
};

using Net = ic::Supernet<ic::NasBench201<>, ic::none>;
#ifdef INTERCHOICE_POSITIVE
using Other = Net;
using Network = ic::NasBench201<>;
using Sampler = ic::Architecture<Space> (*)(std::uint64_t, std::uint64_t);
using Loss = at::Tensor (*)(const at::Tensor&, const at::Tensor&);
using Optimizer = torch::optim::SGD (*)(const torch::nn::Module&);
using Copies = void (*)(torch::optim::Optimizer&, const ic::NewParameter&);
using Holder = Net;
using PathLoss = at::Tensor (*)(const ic::Architecture<Space>&);
#else
using Other = torch::nn::Linear;                             // its forward takes no architecture
using Network = Space;                                       // what it searches, not what it is
using Sampler = ic::Architecture<Space> (*)(std::uint64_t);  // of which epoch?
using Loss = double (*)(const at::Tensor&);
using Optimizer = torch::optim::SGD (*)(std::vector<at::Tensor>);
using Copies = void (*)(const ic::NewParameter&);
using Holder = std::remove_cvref_t<decltype(*std::declval<Net>())>;  // what it holds
using PathLoss = double (*)(const ic::Architecture<Space>&);
#endif

#ifdef INTERCHOICE_POSITIVE
using Source = ic::Batches;
#else
using Source = std::vector<ic::Batch>;
#endif

void train_all(Net& net, Other& other, const ic::Batches& data, Sampler sample,
               const Source& source) {
  ic::train(net, data, sample, {});
  ic::train(other, data, ic::Fixed<Space>(ic::Architecture<Space>{}), {});
  ic::train(net, source, ic::Fixed<Space>(ic::Architecture<Space>{}), {});
}
void step_all(Net& net, Holder& holder, torch::optim::SGD& sgd, PathLoss loss) {
  ic::PathStep(holder, sgd);
  ic::PathStep(net, sgd)(ic::Fixed<Space>(ic::Architecture<Space>{}), loss);
}
ic::Training training_of(Loss loss, Optimizer optimizer, Copies copies) {
  return {.loss = loss, .optimizer = optimizer, .copies = copies};
}
static_assert(sizeof(ic::Supernet<Network, ic::none>) > 0);
static_assert(sizeof(ic::Supernet<ic::NasBench201<>, gain>) > 0);
