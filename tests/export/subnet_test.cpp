// One architecture as a network of its own: what `extract` takes out of a super-network gives the
// super-network's outputs bit by bit, keeps nothing of it, and can be trained.

#include <torch/nn.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/spaces/chain.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "support/readme_candidates.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;

namespace {

using Network = ic::NasBench201<ic::LinearSkip>;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;

const ic::NasBench201Options kSmall{.width = 4, .cells_per_stage = {1, 1}};

Path sampled(std::uint64_t step) {
  return ic::Sampler{ic::Uniform{ic::all<Space>}, ic::Seed{23}}(0, step);
}

/// y = op(x) * 2: a policy that a subnet cannot keep.
struct doubled_output {
  static constexpr std::string_view name = "doubled_output";
  static constexpr std::size_t depth = 1;
};

/// FairNAS' blocks with and without residual, small.
struct Layout {
  static constexpr std::int64_t stem_width = 8;
  static constexpr std::int64_t width = 4;
  static constexpr std::array<ic::ChainStage, 2> stages{{{4, 2, 1}, {6, 1, 2}}};
  static constexpr std::int64_t head_width = 16;
};

}  // namespace

template <>
struct ic::dependency_state<doubled_output> {
  dependency_state(torch::nn::Module&, const Site&) {}
  at::Tensor after(const at::Tensor& y, const Selection&) const { return y * 2; }
};

TEMPLATE_TEST_CASE("a subnet computes what its path computes in the super-network", "", ic::none,
                   ic::bias<2>, ic::keep_inert<ic::bias<1>>, ic::bias_sum<1>, ic::bias_residual<2>,
                   ic::scale<1>, (ic::attention<1, 2>), ic::shift<1>, ic::affine<1>, ic::split<0>,
                   (ic::compose<ic::affine<1>, ic::bias<1>, ic::split<0>>)) {
  ic::Supernet<Network, TestType> net(kSmall);
  ic::testing::randomise(*net, 4);
  ic::begin_epoch(*net, 0);
  ic::testing::randomise(*net, 5);
  const at::Tensor x = at::randn({3, 3, 8, 8});
  for (std::uint64_t step = 0; step < 4; ++step) {
    const Path path = sampled(step);
    INFO(ic::to_text(path));
    net->train(step % 2 == 0);
    auto subnet = ic::extract(net, path);
    static_assert(std::is_same_v<decltype(subnet), ic::Subnet<ic::Supernet<Network, TestType>>>);
    CHECK(subnet->is_training() == net->is_training());
    CHECK(subnet->architecture() == path);
    const at::Tensor y = subnet->forward(x);
    CHECK(at::equal(y, net->forward(x, path)));
    CHECK(at::equal(subnet->forward(x, path), net->forward(x, path)));
    if (TestType::name == ic::none::name) {
      std::int64_t count = 0;
      for (const auto& p : subnet->parameters()) count += p.numel();
      CHECK(count == ic::path_parameters(*net, path));
    }
    // It holds copies: training it leaves the super-network alone, and moves what it uses.
    subnet->train();
    net->eval();
    const at::Tensor evaluated = net->forward(x, path);
    subnet->forward(x).square().sum().backward();
    at::NoGradGuard no_grad;
    std::size_t moved = 0;
    for (auto& p : subnet->parameters()) {
      if (!p.grad().defined()) continue;
      const at::Tensor before = p.clone();
      p.sub_(p.grad(), 0.1);
      moved += at::equal(p, before) ? 0 : 1;
    }
    CHECK(moved > 4);  // stem and head
    for (const auto& p : net->parameters()) CHECK_FALSE(p.grad().defined());
    CHECK(at::equal(evaluated, net->forward(x, path)));
    subnet->eval();
    CHECK_FALSE(at::equal(evaluated, subnet->forward(x)));
  }
}

TEST_CASE("a subnet follows type and mode, and can be made of nothing") {
  ic::Supernet<Network, ic::bias<1>> net(kSmall);
  net->to(at::kDouble);
  ic::testing::randomise(*net, 6);
  const Path path{3, 2, 1, 4, 0, 3};
  const auto subnet = ic::extract(net, path);
  for (const auto& p : subnet->named_parameters()) {
    INFO(p.key());
    CHECK(p.value().scalar_type() == at::kDouble);
    CHECK(p.value().requires_grad());
  }
  CHECK(subnet->named_parameters().contains("cells.0.edge01.nor_conv_3x3.convolution.weight"));
  CHECK(subnet->named_parameters().contains("cells.0.edge02.input_vector"));
  CHECK_FALSE(
      subnet->named_parameters().contains("cells.0.edge01.nor_conv_1x1.convolution.weight"));

  ic::Subnet<ic::Supernet<Network, ic::none>> fresh(path, kSmall);
  CHECK(fresh->forward(at::randn({2, 3, 8, 8})).sizes() == std::vector<std::int64_t>{2, 10});
  CHECK_THROWS_WITH(fresh->forward(at::randn({2, 3, 8, 8}), Path{0, 2, 1, 4, 0, 3}),
                    Contains("a subnet is one architecture only; at location 0 it has "
                             "'nor_conv_3x3', not 'none'; use the super-network"));
  ic::Supernet<Network, doubled_output> other(kSmall);
  CHECK_THROWS_WITH(ic::extract(other, path), Contains("policy doubled_output, whose hooks"));
}

TEST_CASE("a subnet of FairNAS' blocks has their initial weights, and none of inert tables") {
  using Fair = ic::FairNasNetwork<Layout>;
  const ic::Architecture<Fair::Space> path{0, 4, 5};
  at::manual_seed(1);
  const ic::FairNasOptions options{.classes = 10};
  ic::Subnet<ic::Supernet<Fair, ic::none>> fresh(path, options);
  std::int64_t count = 0;
  for (const auto& p : fresh->parameters()) count += p.numel();
  CHECK(count == Fair::cost(path, options).parameters);
  // N(0, 2 / (7 * 7 * 24)) for the depthwise convolution; libtorch's own is uniform, four times
  // wider.
  const at::Tensor w = fresh->named_parameters()["body.2.k7e6.depthwise.weight"];
  CHECK(w.std().item<double>() == Approx(std::sqrt(2.0 / (49 * 24))).epsilon(0.1));

  ic::Supernet<Fair, ic::compose<ic::affine<1>, ic::bias<1>>> net(options);
  ic::testing::randomise(*net, 4);
  net->eval();
  const at::Tensor x = at::randn({2, 3, 16, 16});
  auto subnet = ic::extract(net, path);
  CHECK(at::equal(subnet->forward(x), net->forward(x, path)));
  CHECK(subnet->named_parameters().contains("body.1.norm_shift"));
  CHECK_FALSE(subnet->named_parameters().contains("body.1.input_vector"));
}

// --- networks of the user's own: the form that the README teaches --------------------------------

namespace {

using ic::testing::ReluConvBn;
using Own = ic::Chain<3, ic::Candidates<ReluConvBn<3>, ReluConvBn<5>, ic::Skip>>;
using OwnPath = ic::Architecture<Own>;

template <class Policy>
struct OwnNetImpl : torch::nn::Module {
  using Body = ic::ChoiceBlocks<Own, Policy>;
  explicit OwnNetImpl(std::int64_t width = 4)
      : stem(register_module("stem", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, width, 3)))),
        body(register_module("body", Body(ic::Geometry{.channels = width}))),
        head(register_module("head", torch::nn::Linear(width, 3))),
        scale(register_buffer("scale", at::ones({1}))) {}
  at::Tensor forward(const at::Tensor& x, const OwnPath& path) {
    return head(at::relu(body->forward(stem(x), path)).mean({2, 3})) * scale;
  }
  torch::nn::Conv2d stem;
  Body body;
  torch::nn::Linear head;
  at::Tensor scale;
};
template <class Policy>
struct OwnNet : torch::nn::ModuleHolder<OwnNetImpl<Policy>> {
  using torch::nn::ModuleHolder<OwnNetImpl<Policy>>::ModuleHolder;
};

/// What its constructor decides beside the sizes of parameters.
struct ConfiguredOptions {
  std::size_t blocks = 2;
  double dropout = 0.5;
  bool has_gain = false;
};
struct ConfiguredImpl : torch::nn::Module {
  using Choices = ic::Chain<4, ic::Candidates<ic::Skip, ReluConvBn<3>>>;
  using Space = Choices;
  explicit ConfiguredImpl(const ConfiguredOptions& o = {}) {
    for (std::size_t i = 0; i < o.blocks; ++i) {
      register_module("block" + std::to_string(i),
                      ic::ChoiceBlock<Choices, ic::none>(i, ic::Geometry{.channels = 4}));
    }
    register_module("dropout", torch::nn::Dropout(o.dropout));
    if (o.has_gain) register_buffer("gain", at::ones({1}));
  }
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<Choices>&) { return x; }
};
TORCH_MODULE(Configured);

/// Two spaces in one network; what a subnet cannot be made of.
struct TwoSpacesImpl : OwnNetImpl<ic::none> {
  using Other = ic::Chain<1, ic::Candidates<ic::Skip>>;
  ic::ChoiceBlock<Other, ic::none> other =
      register_module("other", ic::ChoiceBlock<Other, ic::none>(0, ic::Geometry{}));
};
struct RunsInItsConstructorImpl : OwnNetImpl<ic::none> {
  RunsInItsConstructorImpl() { forward(at::zeros({1, 1, 5, 5}), OwnPath{0, 0, 0}); }
};
struct WithoutBlocksImpl : torch::nn::Module {
  at::Tensor forward(const at::Tensor& x, OwnPath) const { return x; }
};
TORCH_MODULE(TwoSpaces);
TORCH_MODULE(RunsInItsConstructor);
TORCH_MODULE(WithoutBlocks);

}  // namespace

TEMPLATE_TEST_CASE("a network of the user's own gives subnets, too", "", ic::none, ic::bias<1>,
                   ic::split<0>, (ic::compose<ic::scale<1>, ic::split<0, 2>>)) {
  OwnNet<TestType> net;
  ic::begin_epoch(*net, 0);
  ic::testing::randomise(*net, 1);
  net->stem->eval();  // a mode of its own
  for (auto& p : net->head->parameters()) p.set_requires_grad(false);
  const at::Tensor x = at::randn({2, 1, 7, 6});
  for (const OwnPath& path : {OwnPath{0, 1, 2}, OwnPath{2, 0, 0}, OwnPath{1, 1, 1}}) {
    INFO(ic::to_text(path));
    net->train(!net->is_training());
    net->stem->eval();
    auto subnet = ic::extract(net, path);
    static_assert(std::is_same_v<decltype(subnet), ic::Subnet<OwnNet<TestType>>>);
    CHECK(subnet->is_training() == net->is_training());
    CHECK_FALSE(subnet->stem->is_training());
    CHECK(at::equal(subnet->scale, net->scale));
    CHECK(at::equal(subnet->forward(x), net->forward(x, path)));
    CHECK(at::equal(subnet->forward(x), net->forward(x, path)));  // statistics move alike
    CHECK(ic::parameter_total(ic::parameter_report(*subnet)).plain ==
          ic::path_parameters(*net, path));
    CHECK(ic::begin_epoch(*subnet, 0).empty());
    CHECK_FALSE(ic::is_split(*subnet));
    CHECK(subnet->body[1]->policy() == "fixed");
    CHECK_THROWS_WITH(subnet->forward(x, OwnPath{0, 2, 2}), Contains("one architecture only"));
  }
}

TEST_CASE("a network that needs arguments is rebuilt with them, or refused by name") {
  OwnNet<ic::bias<1>> wide(6);
  ic::testing::randomise(*wide, 2);
  const OwnPath path{0, 1, 0};
  const at::Tensor x = at::randn({2, 1, 7, 6});
  CHECK(at::equal(ic::extract(wide, path, 6)->forward(x), wide->forward(x, path)));
  CHECK_THROWS_WITH(ic::extract(wide, path),
                    Contains("extract: 'body.0' is a choice block (location 0, 6 -> 6 channels, "
                             "stride 1), but a choice block (location 0, 4 -> 4 channels, stride "
                             "1) when the network is rebuilt; give the arguments of its "
                             "constructor"));
  CHECK_THROWS_WITH((ic::Subnet<TwoSpaces, Own>(path)),
                    Contains("Subnet: choice block 'other' is of another space"));
  CHECK_THROWS_WITH(ic::path_parameters(*TwoSpaces(), path),
                    Contains("path_parameters: choice block 'other' is of another space"));
  CHECK_THROWS_WITH((ic::Subnet<RunsInItsConstructor, Own>(path)),
                    Contains("location 0 of a subnet has no candidate before the constructor"));
  CHECK_THROWS_WITH(ic::Subnet<WithoutBlocks>(path), Contains("the network has no choice blocks"));
  // What was thrown out of a constructor leaves the thread as it was.
  CHECK(OwnNet<ic::none>()->forward(x, path).sizes() == std::vector<std::int64_t>{2, 3});
}

TEST_CASE("a network rebuilt otherwise is refused where all its parameters agree") {
  const ic::Architecture<ConfiguredImpl::Choices> path;  // Skip everywhere
  const auto refusal = [&](const ConfiguredOptions& of_net, const ConfiguredOptions& rebuilt) {
    Configured net(of_net);
    try {
      ic::extract(net, path, rebuilt);
    } catch (const c10::Error& error) {
      return std::string(error.what_without_backtrace());
    }
    return std::string();
  };
  const ConfiguredOptions usual;
  CHECK(refusal(usual, usual).empty());
  CHECK_THAT(refusal({.blocks = 3}, usual),
             Contains("extract: 'block2' is a choice block (location 2, 4 -> 4 channels, stride "
                      "1), but missing when the network is rebuilt"));
  CHECK_THAT(refusal(usual, {.blocks = 3}), Contains("extract: 'block2' is missing, but a choice "
                                                     "block (location 2,"));
  CHECK_THAT(refusal({.dropout = 0.25}, usual),
             Contains("'dropout' is torch::nn::Dropout(p=0.25, inplace=false), but "
                      "torch::nn::Dropout(p=0.5, inplace=false) when"));
  CHECK_THAT(refusal({.has_gain = true}, usual), Contains("'gain' is [1], but missing when"));
  CHECK_THAT(refusal(usual, {.has_gain = true}), Contains("'gain' is missing, but [1] when"));
}
