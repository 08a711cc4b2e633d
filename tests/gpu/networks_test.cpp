// A GPU computes what the processor does, in float64: outputs and gradients of every policy in both
// ready networks; subnets; steps of a training.

#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/modules/normalization.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "interchoice/export/subnet.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/nn/adjusted_norm.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/tokens.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/optimizer.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;

namespace {

struct SmallLayout {
  static constexpr std::int64_t stem_width = 8;
  static constexpr std::int64_t width = 4;
  static constexpr std::array<ic::ChainStage, 2> stages{{{4, 2, 1}, {6, 2, 2}}};
  static constexpr std::int64_t head_width = 16;
};

bool close(const at::Tensor& a, const at::Tensor& b) {
  return at::allclose(a.cpu(), b.cpu(), 1e-9, 1e-10);
}

/// Three SGD steps on both devices from the same weights.
template <class Network, class Policy>
void check(const typename Network::Options& options) {
  using Space = typename Network::Space;
  INFO(ic::policy_text<Policy>() << " in " << Space::name);
  ic::Supernet<Network, Policy> cpu(options);
  ic::Supernet<Network, Policy> gpu(options);
  cpu->to(at::kDouble);
  ic::testing::randomise(*cpu, 3);
  ic::begin_epoch(*cpu, 0);
  ic::begin_epoch(*gpu, 0);
  ic::testing::randomise(*cpu, 4);
  gpu->to(at::Device(at::kCUDA), at::kDouble);
  {
    at::NoGradGuard no_grad;
    auto source = cpu->named_parameters();
    for (auto& p : gpu->named_parameters()) p.value().copy_(source[p.key()]);
    auto buffers = cpu->named_buffers();
    for (auto& b : gpu->named_buffers()) b.value().copy_(buffers[b.key()]);
  }
  auto cpu_sgd = ic::Sgd{}(*cpu);
  auto gpu_sgd = ic::Sgd{}(*gpu);
  ic::set_learning_rate(cpu_sgd, 0.01);
  ic::set_learning_rate(gpu_sgd, 0.01);
  const ic::Sampler sample(ic::Uniform{ic::all<Space>}, ic::Seed{2});
  for (std::uint64_t step = 0; step < 3; ++step) {
    const at::Tensor x = at::randn({4, 3, 12, 12}, at::kDouble);
    const at::Tensor weight = at::randn({4, 10}, at::kDouble);
    const auto path = sample(0, step);
    const at::Tensor ours = cpu->forward(x, path);
    const at::Tensor theirs = gpu->forward(x.cuda(), path);
    REQUIRE(theirs.is_cuda());
    CHECK(close(ours, theirs));
    cpu->zero_grad();
    gpu->zero_grad();
    (ours * weight).sum().backward();
    (theirs * weight.cuda()).sum().backward();
    auto gradients = cpu->named_parameters();
    for (const auto& p : gpu->named_parameters()) {
      INFO(p.key());
      const at::Tensor expected = gradients[p.key()].grad();
      REQUIRE(expected.defined() == p.value().grad().defined());
      if (expected.defined()) CHECK(close(expected, p.value().grad()));
    }
    cpu_sgd.step();
    gpu_sgd.step();
  }
  const auto parameters = cpu->named_parameters();
  for (const auto& p : gpu->named_parameters()) CHECK(close(parameters[p.key()], p.value()));
  const auto path = sample(1, 0);
  const at::Tensor x = at::randn({2, 3, 12, 12}, at::kDouble).cuda();
  gpu->eval();
  ic::Subnet<ic::Supernet<Network, Policy>> subnet = ic::extract(gpu, path);
  CHECK(subnet->parameters().front().is_cuda());
  CHECK(close(subnet->forward(x), gpu->forward(x, path)));
}

template <class Network>
void check_policies(const typename Network::Options& options) {
  check<Network, ic::none>(options);
  check<Network, ic::bias<2>>(options);
  check<Network, ic::keep_inert<ic::bias<1>>>(options);
  check<Network, ic::bias_sum<2>>(options);
  check<Network, ic::scale<1>>(options);
  check<Network, ic::attention<1, 2>>(options);
  check<Network, ic::shift<1>>(options);
  check<Network, ic::affine<1>>(options);
  check<Network, ic::split<0>>(options);
  check<Network, ic::compose<ic::affine<1>, ic::bias<1>, ic::split<0>>>(options);
}

}  // namespace

TEST_CASE("NAS-Bench-201 computes the same on a GPU", "[gpu]") {
  check_policies<ic::NasBench201<ic::LinearSkip>>({.width = 4, .cells_per_stage = {1, 1}});
  check<ic::NasBench201<ic::Skip>, ic::bias<1>>({.width = 4, .cells_per_stage = {1, 1}});
}

TEST_CASE("FairNAS' blocks compute the same on a GPU", "[gpu]") {
  check_policies<ic::FairNasNetwork<SmallLayout>>({.classes = 10});
}

TEST_CASE("scale or shift alone after a normalisation of tokens are the same on a GPU", "[gpu]") {
  const auto check_norm = [](auto norm, const at::Tensor& x) {
    norm->to(at::kDouble);
    ic::testing::randomise(*norm, 6);
    for (const bool scales : {true, false}) {
      INFO(norm->name() << (scales ? ", scale" : ", shift"));
      // Outputs and gradients of input and constant.
      const auto run = [&](const at::Device& device) {
        norm->to(device);
        const at::Tensor on = x.to(device).requires_grad_();
        const at::Tensor constant =
            at::linspace(0.5, 2, x.size(-1), at::kDouble).to(device).requires_grad_();
        const ic::NormAdjustment adjustment{scales ? constant : at::Tensor(),
                                            scales ? at::Tensor() : constant};
        const at::Tensor y = ic::adjusted_norm(norm, on, adjustment);
        const auto gradients = torch::autograd::grad({y.pow(3).sum()}, {on, constant});
        return std::array{y, gradients[0], gradients[1]};
      };
      const auto cpu = run(at::kCPU);
      const auto gpu = run(at::kCUDA);
      for (std::size_t i = 0; i < cpu.size(); ++i) CHECK(close(cpu[i], gpu[i]));
    }
  };
  at::manual_seed(7);
  for (const bool affine : {true, false}) {
    check_norm(torch::nn::LayerNorm(torch::nn::LayerNormOptions({6}).elementwise_affine(affine)),
               at::randn({3, 5, 6}, at::kDouble));
    check_norm(torch::nn::GroupNorm(torch::nn::GroupNormOptions(2, 6).affine(affine)),
               at::randn({3, 6, 6}, at::kDouble));
  }
  using Space = ic::Chain<2, ic::Candidates<ic::SelfAttention<2>, ic::Mlp<2>>>;
  ic::ChoiceBlocks<Space, ic::shift<1>> blocks(
      ic::Geometry{.channels = 6, .axis = ic::ChannelAxis::kLast});
  blocks->to(at::kDouble);
  ic::testing::randomise(*blocks, 8);
  const at::Tensor tokens = at::randn({3, 5, 6}, at::kDouble);
  for (const ic::Architecture<Space> path : {ic::Architecture<Space>{0, 1}, {1, 0}}) {
    blocks->to(at::kCPU);
    const at::Tensor y = blocks->forward(tokens, path);
    blocks->to(at::kCUDA);
    CHECK(close(y, blocks->forward(tokens.cuda(), path)));
  }
}
