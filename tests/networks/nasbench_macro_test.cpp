// NAS-Bench-Macro: the benchmark's parameters and MACs, its layers against plain operators.

#include "interchoice/networks/nasbench_macro.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "interchoice/core/enumeration.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"
#include "interchoice/networks/measured_cost.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "support/shared_data.hpp"

namespace ic = interchoice;
using Space = ic::NasBenchMacroSpace;
using Path = ic::Architecture<Space>;
template <class Policy>
using Net = ic::Supernet<ic::NasBenchMacro, Policy>;

static_assert(ic::SegmentedNetwork<ic::NasBenchMacro::Module<ic::none>, ic::NasBenchMacro::Space>);
// Two rows of the benchmark's table, at compile time.
static_assert(ic::NasBenchMacro::cost({0, 0, 0, 0, 0, 0, 0, 0}) == ic::Cost{387'882, 7'713'280});
static_assert(ic::NasBenchMacro::cost({0, 0, 0, 0, 0, 0, 0, 1}) == ic::Cost{791'594, 14'115'328});

TEST_CASE("parameters and MACs of every row of the benchmark come out", "[shared]") {
  const auto file =
      ic::testing::shared_data() / "data" / "nasbench_macro" / "nas-bench-macro_cifar10.csv";
  const auto params = ic::TabularBenchmark<Space>::read(file).column("params");
  const auto flops = ic::TabularBenchmark<Space>::read(file).column("flops");
  const auto accuracy = ic::TabularBenchmark<Space>::read(file).column("mean_acc");
  REQUIRE(params.size() == 6'561);
  std::size_t equal = 0;
  std::size_t moved = 0;
  for (const Path path : ic::every_architecture(ic::all<Space>)) {
    const ic::Cost cost = ic::NasBenchMacro::cost(path);
    equal += static_cast<double>(cost.parameters) == params.value(path) &&
                     static_cast<double>(cost.macs) == flops.value(path)
                 ? 1
                 : 0;
    // The benchmark has one training for all architectures that are the same network.
    const Path trained = ic::trained_architecture(path);
    moved += trained != path ? 1 : 0;
    if (accuracy.value(trained) != accuracy.value(path)) FAIL(ic::to_text(path));
  }
  CHECK(equal == 6'561);
  CHECK(moved == 6'561 - 3 * 3 * (3 * 7) * (3 * 7));  // 7 = 1 + 2 + 4 with identities at the end
}

TEST_CASE("the macro space spells architectures as the benchmark does") {
  CHECK(ic::to_text(Path{0, 2, 1, 1, 0, 0, 1, 2}) == "02110012");
  CHECK(ic::from_text<Space>("02110012") == Path{0, 2, 1, 1, 0, 0, 1, 2});
  for (const std::string text : {"", "0211001", "021100120", "02110013", "0211001a"}) {
    CHECK_THROWS_AS(ic::from_text<Space>(text), std::invalid_argument);
  }
  CHECK(ic::trained_architecture({0, 0, 0, 0, 2, 1, 0, 1}) == Path{0, 0, 0, 2, 0, 1, 1, 0});
  CHECK(ic::trained_architecture({1, 2, 2, 0, 0, 0, 0, 0}) == Path{1, 2, 2, 0, 0, 0, 0, 0});
}

TEST_CASE("paths of the macro network are what the closed form says") {
  Net<ic::none> net;
  const ic::Sampler sample(ic::Uniform(ic::all<Space>), ic::Seed{5});
  for (std::uint64_t step = 0; step < 6; ++step) {
    const Path path = sample(0, step);
    CHECK(ic::measured_cost(net, path, at::randn({1, 3, 32, 32})) == ic::NasBenchMacro::cost(path));
  }
  const ic::NasBenchMacroOptions small{
      .input_channels = 2, .classes = 4, .width = 3, .head_width = 7};
  Net<ic::none> odd(small);
  const Path path = sample(1, 0);
  CHECK(ic::measured_cost(odd, path, at::randn({1, 2, 13, 22})) ==
        ic::NasBenchMacro::cost(path, small, {13, 22}));
}

TEST_CASE("the macro network computes what plain operators do, and segment by segment") {
  Net<ic::none> net(ic::NasBenchMacroOptions{.width = 4, .head_width = 12});
  net->to(at::kDouble);
  ic::testing::randomise(*net, 3);
  const auto parameters = net->named_parameters();
  const auto p = [&](const std::string& name) { return parameters[name]; };
  const auto norm = [&](const std::string& name, const at::Tensor& x) {
    return torch::batch_norm(x, p(name + ".weight"), p(name + ".bias"), {}, {}, true, 0.1, 1e-5,
                             false);
  };
  const at::Tensor images = at::randn({3, 3, 16, 16}, at::kDouble);
  for (const Path& path : {Path{0, 0, 1, 0, 2, 2, 1, 0}, Path{2, 1, 0, 2, 1, 0, 0, 2}}) {
    at::Tensor x = torch::relu(
        norm("stem.norm", torch::conv2d(images, p("stem.convolution.weight"), {}, 1, 1)));
    for (std::size_t i = 0; i < 8; ++i) {
      const bool first = i == 0 || i == 2 || i == 5;
      const std::string block =
          "body." + std::to_string(i) + "." + std::string(Space::candidate_name(i, path[i])) + ".";
      if (path[i] == 0) {
        if (first) {
          x = norm(block + "norm", torch::conv2d(x, p(block + "convolution.weight"), {}, 2));
        }
        continue;
      }
      const std::int64_t kernel = path[i] == 1 ? 3 : 5;
      at::Tensor h =
          torch::relu(norm(block + "norm1", torch::conv2d(x, p(block + "expansion.weight"))));
      CHECK(h.size(1) == x.size(1) * (path[i] == 1 ? 3 : 6));
      h = torch::relu(
          norm(block + "norm2", torch::conv2d(h, p(block + "depthwise.weight"), {}, first ? 2 : 1,
                                              kernel / 2, 1, h.size(1))));
      h = norm(block + "norm3", torch::conv2d(h, p(block + "projection.weight")));
      x = first ? h : h + x;
    }
    CHECK(x.sizes() == std::vector<std::int64_t>{3, 32, 2, 2});
    x = torch::relu(norm("head.norm", torch::conv2d(x, p("head.convolution.weight"))));
    x = torch::linear(x.mean({2, 3}), p("head.linear.weight"), p("head.linear.bias"));
    CHECK(at::allclose(net->forward(images, path), x, 1e-10, 1e-10));
    CHECK(at::equal(ic::run_segments(*net, images, path), net->forward(images, path)));
  }
  CHECK(net->segments().size() == 10);
}

TEST_CASE("shift and affine reach every block of the macro network that can show them") {
  // libtorch 2.11's backward pass of a 1x1 convolution of stride 2 writes past its buffers on
  // processors of AVX2 where the input channels are no multiple of 8.
  const ic::NasBenchMacroOptions options{.width = 8, .head_width = 8};
  const auto dependent = [](const torch::nn::Module& net) {
    return ic::parameter_total(ic::parameter_report(net)).dependent;
  };
  // Channels into blocks 1 to 7: 16, 16, 32, 32, 32, 64, 64, in all 256; three contexts; 3 and 6
  // times as many behind the expansions. A shift behind the projection of an identity is removed by
  // what follows, a scale (of 32 and 64 channels) is not.
  CHECK(dependent(*Net<ic::bias<1>>(options)) == 0);
  CHECK(dependent(*Net<ic::shift<1>>(options)) == 3 * (3 + 6) * 256);
  CHECK(dependent(*Net<ic::affine<1>>(options)) == 2 * 3 * (3 + 6) * 256 + 3 * (32 + 64));
  Net<ic::affine<1>> net(options);
  ic::testing::randomise(*net, 5);
  const at::Tensor x = at::randn({4, 3, 16, 16});
  for (const Path& path : {Path{1, 2, 0, 1, 1, 0, 0, 2}, Path{}}) {
    net->zero_grad();
    const at::Tensor y = net->forward(x, path);
    CHECK(at::equal(ic::run_segments(*net, x, path), y));
    y.square().sum().backward();
    std::size_t reached = 0;
    for (const auto& p : net->named_parameters()) {
      const bool is_table = p.key().find("_table.") != std::string::npos;
      if (is_table && p.value().grad().defined()) {
        reached += p.value().grad().abs().max().item<float>() > 1e-4 ? 1 : 0;
      }
    }
    // Two tables for each block, the scale alone for the projections at choices 2 and 5.
    CHECK(reached == (path == Path{} ? 2 : 4 * 2 + 2));
  }
}

TEST_CASE("the macro identity defers a vector where it is one, and can be adjusted where not") {
  const at::Tensor x = at::randn({2, 3, 5, 4}, at::kDouble);
  const at::Tensor vector = at::randn({3}, at::kDouble);
  const auto identity = ic::ProjectedSkip().build({.channels = 3});
  CHECK(identity->forward(x).is_same(x));
  CHECK(identity->forward_deferred(x, vector).vector.is_same(vector));
  CHECK(identity->norm_channels() == 0);
  CHECK(identity->parameters().empty());
  const ic::Geometry halving{.channels = 3, .out_channels = 5, .stride = 2};
  const auto projection = ic::ProjectedSkip().build(halving);
  projection->to(at::kDouble);
  const ic::DeferredBias deferred = projection->forward_deferred(x, vector);
  CHECK(!deferred.vector.defined());
  CHECK(at::equal(deferred.value, projection->forward(x + vector.view({1, 3, 1, 1}))));
  const at::Tensor shift = at::randn({projection->norm_channels()}, at::kDouble);
  CHECK(at::allclose(projection->forward_adjusted(x, {{}, shift}),
                     projection->forward(x) + shift.view({1, 5, 1, 1}), 1e-12, 1e-12));
  CHECK(ic::ProjectedSkip::responses(halving).input_shift == ic::Response::kRemoved);
  CHECK(ic::ProjectedSkip::responses({.channels = 3}).norm_shift == ic::Response::kRemoved);
  // A space of nothing else has something to adjust where the shape changes.
  using Identities = ic::Chain<2, ic::Candidates<ic::ProjectedSkip>>;
  const ic::ChoiceBlock<Identities, ic::affine<1>> block(1, halving);
  CHECK(block->named_parameters()["gain_table.identity"].sizes() ==
        std::vector<std::int64_t>{1, 5});
}
