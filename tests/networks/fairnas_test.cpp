// The FairNAS super-network: Table 4, its blocks against plain operators, initial weights.

#include "interchoice/networks/fairnas.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "interchoice/core/restriction.hpp"
#include "interchoice/networks/measured_cost.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;

namespace {

template <class Policy>
using Net = ic::Supernet<ic::FairNas, Policy>;
using Path = ic::Architecture<ic::FairNasSpace>;

/// A small version: 3 -> 16 -> 8, blocks (8 -> 8, stride 2), (8 -> 8), (8 -> 16), head 32.
struct SmallLayout {
  static constexpr std::int64_t stem_width = 16;
  static constexpr std::int64_t width = 8;
  static constexpr std::array<ic::ChainStage, 2> stages{
      {{.width = 8, .blocks = 2, .stride = 2}, {.width = 16, .blocks = 1, .stride = 1}}};
  static constexpr std::int64_t head_width = 32;
};
using Small = ic::FairNasNetwork<SmallLayout>;
using SmallPath = ic::Architecture<Small::Space>;

Path every(std::uint8_t candidate) {
  std::vector<std::uint8_t> candidates(19, candidate);
  return Path(candidates);
}

}  // namespace

// --- in closed form, at compile time
// ---------------------------------------------------------------

static_assert(ic::SegmentedNetwork<ic::FairNas::Module<ic::none>, ic::FairNas::Space>);
static_assert(ic::FairNas::cost(Path{}).parameters == 2'036'180);
static_assert(ic::FairNas::cost(Path{5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5})
                  .parameters == 3'937'124);
static_assert(ic::FairNas::cost(Path{}, {.classes = 1000}).parameters == 2'036'180 + 900 * 1281);

TEST_CASE("Table 4 comes out row by row") {
  Net<ic::none> net;
  const auto rows = ic::parameter_report(*net);
  const std::vector<std::int64_t> expected{
      1'824,   34'800,  83'040,    90'048,    121'080,   121'080,   121'080,
      164'760, 414'960, 414'960,   414'960,   449'712,   580'896,   580'896,
      580'896, 830'880, 2'157'120, 2'157'120, 2'157'120, 2'822'208, 540'260};
  REQUIRE(rows.size() == expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    INFO(rows[i].part);
    CHECK(rows[i].plain == expected[i]);
  }
  CHECK(rows.front().part == "stem");
  CHECK(rows[1].part == "body.0");
  CHECK(rows.back().part == "head");
  CHECK(ic::parameter_total(rows).plain == 14'839'700);
  const auto geometries = ic::fairnas::Skeleton<ic::fairnas::PaperLayout>::geometries({});
  for (std::size_t i = 0; i < geometries.size(); ++i) {
    const ic::Geometry& g = geometries[i];
    CHECK(expected[i + 1] ==
          27 * g.channels * (g.channels + g.out_channels) + 855 * g.channels + 12 * g.out_channels);
  }
  const ic::Sampler sample(ic::Uniform(ic::all<ic::FairNasSpace>), ic::Seed{3});
  for (std::uint64_t step = 0; step < 5; ++step) {
    const Path path = sample(0, step);
    CHECK(ic::path_parameters(*net, path) == ic::FairNas::cost(path).parameters);
  }
  CHECK(ic::path_parameters(*net, every(0)) == 2'036'180);
  CHECK(ic::path_parameters(*net, every(5)) == 3'937'124);
  // What libtorch runs for an image, at a small size and at an odd one.
  for (const auto& [height, width] : std::vector<std::pair<int, int>>{{64, 32}, {33, 47}}) {
    const Path path = sample(1, static_cast<std::uint64_t>(height));
    CHECK(ic::measured_cost(net, path, at::randn({1, 3, height, width})) ==
          ic::FairNas::cost(path, {}, {height, width}));
  }
}

TEST_CASE("bias is inert on FairNAS: no tables, unless they are asked for") {
  const auto dependent = [](const torch::nn::Module& net) {
    return ic::parameter_total(ic::parameter_report(net)).dependent;
  };
  CHECK(dependent(*Net<ic::bias<1>>()) == 0);
  CHECK(dependent(*Net<ic::keep_inert<ic::bias<1>>>()) == 61'056);
}

// --- the small network against plain operators
// ------------------------------------------------------

namespace {

/// A path of the small network, by libtorch's operators alone, from the network's own parameters.
class PlainFairNas {
 public:
  explicit PlainFairNas(const torch::nn::Module& net)
      : parameters_(net.named_parameters()), buffers_(net.named_buffers()) {}

  at::Tensor forward(at::Tensor x, const SmallPath& path, bool training) {
    training_ = training;
    x = relu6(norm("stem.norm1", torch::conv2d(x, p("stem.convolution.weight"), {}, 2, 1)));
    x = relu6(norm("stem.norm2", torch::conv2d(x, p("stem.depthwise.weight"), {}, 1, 1, 1, 16)));
    x = norm("stem.norm3", torch::conv2d(x, p("stem.projection.weight")));
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string name = "body." + std::to_string(i) + "." +
                               std::string(Small::Space::candidate_name(i, path[i])) + ".";
      const std::int64_t kernel = 3 + 2 * (path[i] % 3);
      const std::int64_t width = 8 * (path[i] < 3 ? 3 : 6);
      at::Tensor h = relu6(norm(name + "norm1", torch::conv2d(x, p(name + "expansion.weight"))));
      CHECK(h.size(1) == width);
      CHECK(p(name + "depthwise.weight").sizes() ==
            std::vector<std::int64_t>{width, 1, kernel, kernel});
      h = relu6(norm(name + "norm2", torch::conv2d(h, p(name + "depthwise.weight"), {},
                                                   i == 0 ? 2 : 1, kernel / 2, 1, width)));
      h = norm(name + "norm3", torch::conv2d(h, p(name + "projection.weight")));
      x = i == 1 ? x + h : h;
    }
    x = relu6(norm("head.norm", torch::conv2d(x, p("head.convolution.weight"))));
    return torch::linear(x.mean({2, 3}), p("head.linear.weight"), p("head.linear.bias"));
  }

 private:
  static at::Tensor relu6(const at::Tensor& x) { return torch::clamp(x, 0, 6); }
  at::Tensor p(const std::string& name) { return parameters_[name]; }
  at::Tensor norm(const std::string& name, const at::Tensor& x) {
    return torch::batch_norm(x, p(name + ".weight"), p(name + ".bias"),
                             buffers_[name + ".running_mean"].clone(),
                             buffers_[name + ".running_var"].clone(), training_, 0.1, 1e-5, false);
  }

  torch::OrderedDict<std::string, at::Tensor> parameters_;
  torch::OrderedDict<std::string, at::Tensor> buffers_;
  bool training_ = false;
};

}  // namespace

TEST_CASE("the network computes what plain operators do, with every gradient") {
  ic::Supernet<Small, ic::none> net;
  net->to(at::kDouble);
  ic::testing::randomise(*net, 6);
  PlainFairNas plain(*net);
  const at::Tensor x = at::randn({4, 3, 16, 16}, at::kDouble);
  for (const bool training : {true, false}) {
    net->train(training);
    for (std::uint8_t c = 0; c < 6; ++c) {
      const SmallPath path{c, static_cast<std::uint8_t>((c + 1) % 6),
                           static_cast<std::uint8_t>((c + 4) % 6)};
      net->zero_grad();
      const at::Tensor expected = plain.forward(x, path, training);
      expected.square().sum().backward();
      std::vector<at::Tensor> gradients;
      for (const at::Tensor& p : net->parameters()) {
        gradients.push_back(p.grad().defined() ? p.grad().clone() : at::Tensor());
      }
      net->zero_grad();
      const at::Tensor y = net->forward(x, path);
      CHECK(at::allclose(y, expected, 1e-10, 1e-10));
      y.square().sum().backward();
      std::size_t i = 0;
      std::size_t with_gradient = 0;
      for (const at::Tensor& p : net->parameters()) {
        REQUIRE(p.grad().defined() == gradients[i].defined());
        if (p.grad().defined()) {
          CHECK(at::allclose(p.grad(), gradients[i], 1e-8, 1e-8));
          ++with_gradient;
        }
        ++i;
      }
      CHECK(with_gradient == 9 + 3 * 9 + 5);
    }
  }
  // Segment by segment to the bit.
  const SmallPath path{1, 2, 3};
  net->eval();
  CHECK(at::equal(ic::run_segments(*net, x, path), net->forward(x, path)));
  std::vector<std::string> names;
  for (const ic::Segment& segment : net->segments()) names.push_back(segment.name);
  CHECK(names == std::vector<std::string>{"stem", "body.0", "body.1", "body.2", "head"});
  ic::Supernet<Small, ic::split<0>> split;
  CHECK(split->segments()[2].choices == std::vector<std::size_t>{0, 1});
  CHECK(split->segments()[1].choices == std::vector<std::size_t>{0});
}

TEST_CASE("a block adjusts its first BatchNorm, with the residual and without") {
  for (const ic::Geometry& g :
       {ic::Geometry{.channels = 3}, ic::Geometry{.channels = 3, .out_channels = 5, .stride = 2}}) {
    const auto block = ic::InvertedResidual<5, 3>().build(g);
    block->to(at::kDouble);
    ic::testing::randomise(*block, 8);
    CHECK(block->norm_channels() == 9);
    const ic::NormAdjustment adjustment{at::rand({9}, at::kDouble) + 0.5,
                                        at::randn({9}, at::kDouble)};
    const at::Tensor x = at::randn({3, 3, 7, 6}, at::kDouble);
    const at::Tensor y = block->forward_adjusted(x, adjustment);
    CHECK(at::equal(block->forward_adjusted(x, {}), block->forward(x)));
    const c10::AutoGradMode no_grad(false);
    block->norm1->bias.mul_(adjustment.scale).add_(adjustment.shift);
    block->norm1->weight.mul_(adjustment.scale);
    CHECK(at::allclose(block->forward(x), y, 1e-11, 1e-11));
    CHECK(y.sizes() == (g.keeps_shape() ? std::vector<std::int64_t>{3, 3, 7, 6}
                                        : std::vector<std::int64_t>{3, 5, 4, 3}));
    CHECK(ic::InvertedResidual<5, 3>::responses(g).input_shift ==
          (g.keeps_shape() ? ic::Response::kPropagated : ic::Response::kRemoved));
  }
  CHECK(ic::InvertedResidual<5, 3>::name == "k5e3");
}

// --- initial weights, dropout, errors
// ---------------------------------------------------------------

TEST_CASE("FairNAS' initial weights have the stated deviations and follow the generator") {
  at::manual_seed(1);
  ic::Supernet<ic::FairNas, ic::keep_inert<ic::bias<1>>> net;
  for (const auto& p : net->named_parameters()) {
    INFO(p.key());
    const at::Tensor& w = p.value();
    if (w.dim() == 4) {
      const double expected =
          std::sqrt(2.0 / static_cast<double>(w.size(0) * w.size(2) * w.size(3)));
      const double deviation = w.std(false).item<double>();
      const double error = 1 / std::sqrt(2.0 * static_cast<double>(w.numel()));  // of a deviation
      CHECK(std::abs(deviation / expected - 1) < 5 * error);
      CHECK(std::abs(w.mean().item<double>()) <
            5 * expected / std::sqrt(static_cast<double>(w.numel())));
    } else if (p.key() == "head.linear.weight") {
      CHECK(w.abs().max().item<double>() <= 0.1);
      CHECK(w.max().item<double>() > 0.0999);
      CHECK(w.min().item<double>() < -0.0999);
    } else if (p.key().ends_with(".weight")) {
      CHECK(at::equal(w, at::ones_like(w)));
    } else {
      CHECK(w.count_nonzero().item<std::int64_t>() == 0);  // BatchNorm and linear biases, tables
    }
  }
  ic::Supernet<Small, ic::keep_inert<ic::bias<1>>> a;
  ic::Supernet<Small, ic::keep_inert<ic::bias<1>>> b;
  ic::testing::randomise(*a, 1);
  ic::testing::randomise(*b, 2);
  const at::Tensor table = b->named_parameters()["body.1.bias_table"].clone();
  ic::initialise_fairnas(*a, at::make_generator<at::CPUGeneratorImpl>(9));
  ic::initialise_fairnas(*b, at::make_generator<at::CPUGeneratorImpl>(9));
  for (const auto& p : a->named_parameters()) {
    INFO(p.key());
    const bool is_table = p.key().ends_with("bias_table");
    CHECK(at::equal(p.value(), b->named_parameters()[p.key()]) == !is_table);
  }
  CHECK(at::equal(b->named_parameters()["body.1.bias_table"], table));
}

TEST_CASE("dropout acts in training mode only; options that make no network are refused") {
  using Catch::Matchers::Contains;
  ic::Supernet<Small, ic::none> with(ic::FairNasOptions{.classes = 4, .dropout = 0.5});
  ic::Supernet<Small, ic::none> without(ic::FairNasOptions{.classes = 4});
  ic::testing::randomise(*with, 4);
  ic::testing::randomise(*without, 4);
  const at::Tensor x = at::randn({3, 3, 16, 16});
  const SmallPath path{0, 1, 2};
  CHECK(!at::equal(with->forward(x, path), without->forward(x, path)));
  with->eval();
  without->eval();
  CHECK(at::equal(with->forward(x, path), without->forward(x, path)));
  CHECK(with->forward(x, path).sizes() == std::vector<std::int64_t>{3, 4});
  using SmallNet = ic::Supernet<Small, ic::none>;
  CHECK_THROWS_WITH(
      SmallNet(ic::FairNasOptions{.classes = 0}),
      Contains("interchoice: FairNasOptions need") && Contains("at least 1, got 3, 0"));
  CHECK_THROWS_WITH(
      SmallNet(ic::FairNasOptions{.dropout = 1}),
      Contains("FairNasOptions::dropout needs a probability from 0 to below 1, got 1"));
}

TEST_CASE("a width multiplier scales every channel of a FairNAS network") {
  STATIC_REQUIRE(ic::fairnas::scaled_width(33, 1) == 33);
  STATIC_REQUIRE(ic::fairnas::scaled_width(32, 0.25) == 8);
  STATIC_REQUIRE(ic::fairnas::scaled_width(16, 0.25) == 8);     // at least 8
  STATIC_REQUIRE(ic::fairnas::scaled_width(40, 0.5) == 24);     // 20 -> the nearest multiple
  STATIC_REQUIRE(ic::fairnas::scaled_width(320, 0.36) == 112);  // 115.2 -> 112
  STATIC_REQUIRE(ic::fairnas::scaled_width(33, 0.35) == 16);    // 8 would be less than 0.9 * 11.55
  const ic::FairNasOptions options{.classes = 10, .width_multiplier = 0.25};
  const ic::Supernet<ic::FairNas, ic::none> net(options);
  const ic::Architecture<ic::FairNas::Space> path{};
  CHECK(ic::path_parameters(*net, path) == ic::FairNas::cost(path, options, {64, 64}).parameters);
  CHECK(net->named_parameters()["head.linear.weight"].size(1) == 320);
  CHECK_THROWS_WITH((ic::Supernet<Small, ic::none>(ic::FairNasOptions{.width_multiplier = 0})),
                    Catch::Matchers::Contains("width_multiplier needs a number above 0"));
}
