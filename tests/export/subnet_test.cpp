// One architecture as a network of its own: what `extract` takes out of a super-network gives the
// super-network's outputs bit by bit, keeps nothing of it, and can be trained.

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;

namespace {

using Network = ic::NasBench201<ic::LinearSkip>;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;

const ic::NasBench201Options kSmall{.width = 4, .cells_per_stage = {1, 1}};

Path sampled(std::uint64_t step) {
  return ic::UniformSampler<Space>(ic::all<Space>, ic::Seed{23})(0, step);
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
                   ic::bias<2>, ic::keep_inert<ic::bias<1>>, ic::bias_sum<1>, ic::scale<1>,
                   (ic::attention<1, 2>), ic::shift<1>, ic::affine<1>, ic::split<0>,
                   (ic::split<0, 1, ic::last_used>),
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
    ic::Subnet<Network> subnet = ic::extract(net, path);
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
    // It holds copies: training it leaves the super-network alone, and moves all it has.
    const at::Tensor before = net->forward(x, path).detach().clone();
    subnet->train();
    net->eval();
    const at::Tensor evaluated = net->forward(x, path);
    subnet->forward(x).square().sum().backward();
    at::NoGradGuard no_grad;
    for (auto& p : subnet->parameters()) {
      if (p.grad().defined()) p.sub_(p.grad(), 0.1);
    }
    CHECK(at::equal(evaluated, net->forward(x, path)));
  }
}

TEST_CASE("a subnet follows type and mode, and can be made of nothing") {
  ic::Supernet<Network, ic::bias<1>> net(kSmall);
  net->to(at::kDouble);
  ic::testing::randomise(*net, 6);
  const Path path{3, 2, 1, 4, 0, 3};
  const ic::Subnet<Network> subnet = ic::extract(net, path);
  for (const auto& p : subnet->named_parameters()) {
    INFO(p.key());
    CHECK(p.value().scalar_type() == at::kDouble);
    CHECK(p.value().requires_grad());
  }
  CHECK(subnet->named_parameters().contains("cells.0.edge01.nor_conv_3x3.convolution.weight"));
  CHECK(subnet->named_parameters().contains("cells.0.edge02.input_vector"));
  CHECK_FALSE(
      subnet->named_parameters().contains("cells.0.edge01.nor_conv_1x1.convolution.weight"));

  ic::Subnet<Network> fresh(kSmall, path);
  CHECK(fresh->forward(at::randn({2, 3, 8, 8})).sizes() == std::vector<std::int64_t>{2, 10});
  CHECK_THROWS_WITH(fresh->forward(at::randn({2, 3, 8, 8}), Path{0, 2, 1, 4, 0, 3}),
                    Catch::Matchers::Contains("a subnet is one architecture only; at location 0 it "
                                              "has 'nor_conv_3x3'"));
  ic::Supernet<Network, doubled_output> other(kSmall);
  CHECK_THROWS_WITH(ic::extract(other, path),
                    Catch::Matchers::Contains("policy doubled_output, whose hooks"));
}

TEST_CASE("a subnet of FairNAS' blocks has their initial weights, and none of inert tables") {
  using Fair = ic::FairNasNetwork<Layout>;
  const ic::Architecture<Fair::Space> path{0, 4, 5};
  at::manual_seed(1);
  const ic::FairNasOptions options{.classes = 10};
  ic::Subnet<Fair> fresh(options, path);
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
  ic::Subnet<Fair> subnet = ic::extract(net, path);
  CHECK(at::equal(subnet->forward(x), net->forward(x, path)));
  CHECK(subnet->named_parameters().contains("body.1.norm_shift"));
  CHECK_FALSE(subnet->named_parameters().contains("body.1.input_vector"));
}
