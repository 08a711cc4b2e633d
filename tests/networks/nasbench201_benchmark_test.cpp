// The benchmark's own NAS-Bench-201 networks, and what architectures cost.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "interchoice/core/enumeration.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"
#include "interchoice/networks/measured_cost.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "support/shared_data.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using Path = ic::Architecture<Space>;
using Benchmark = ic::Supernet<ic::NasBench201Benchmark, ic::none>;

static_assert(ic::SupernetNetwork<ic::NasBench201Benchmark, ic::bias<1>>);
static_assert(ic::NasBench201Benchmark::cost({0, 0, 0, 0, 0, 0}).parameters == 73'306);
static_assert(ic::NasBench201Benchmark::cost({3, 3, 3, 3, 3, 3}).parameters == 1'531'546);
static_assert(ic::NasBench201<ic::LinearSkip>::cost({1, 0, 0, 0, 0, 0}).parameters -
                  ic::NasBench201<>::cost({1, 0, 0, 0, 0, 0}).parameters ==
              2 * (16 * 16 + 32 * 32 + 64 * 64));

namespace {

/// The formula of docs/method.md.
std::int64_t parameters_by_formula(const Path& path) {
  std::int64_t n1 = 0;
  std::int64_t n3 = 0;
  for (const std::uint8_t c : path.candidates()) {
    n1 += c == 2 ? 1 : 0;
    n3 += c == 3 ? 1 : 0;
  }
  std::int64_t sum = 73'306;
  for (const std::int64_t c : {16, 32, 64}) {
    sum += 5 * (n1 * (c * c + 2 * c) + n3 * (9 * c * c + 2 * c));
  }
  return sum;
}

template <class Network>
void check_costs(const typename Network::Options& options, const ic::SpatialSize& size) {
  ic::Supernet<Network, ic::none> net(options);
  const ic::Sampler sample(ic::Uniform(ic::all<Space>), ic::Seed{2});
  for (std::uint64_t step = 0; step < 6; ++step) {
    const Path path = sample(0, step);
    INFO(ic::to_text(path));
    const at::Tensor image = at::randn({1, options.input_channels, size.height, size.width});
    CHECK(ic::measured_cost(net, path, image) == Network::cost(path, options, size));
  }
}

}  // namespace

TEST_CASE("the closed form gives the parameters of every row of the benchmark", "[shared]") {
  const auto file = ic::testing::shared_data() / "data" / "nasbench201" / "nasbench201.csv";
  const auto params = ic::TabularBenchmark<Space>::read(file).column("params");
  REQUIRE(params.size() == 15'625);
  std::size_t equal = 0;
  for (const Path path : ic::every_architecture(ic::all<Space>)) {
    const auto count = static_cast<double>(ic::NasBench201Benchmark::cost(path).parameters);
    equal += count == params.value(path) ? 1 : 0;
  }
  CHECK(equal == 15'625);
}

TEST_CASE("costs of paths are those of built networks") {
  for (const Path path : ic::every_architecture(ic::only<Space>({"none", "nor_conv_1x1"}))) {
    CHECK(ic::NasBench201Benchmark::cost(path).parameters == parameters_by_formula(path));
  }
  check_costs<ic::NasBench201Benchmark>(ic::NasBench201Benchmark::default_options(), {32, 32});
  check_costs<ic::NasBench201<ic::LinearSkip>>({}, {32, 32});
  // At odd sizes the shortcut of a reduction pools the last row and column alone.
  check_costs<ic::NasBench201<>>(
      {.input_channels = 2, .classes = 7, .width = 4, .cells_per_stage = {1, 2, 1}}, {13, 18});
  check_costs<ic::NasBench201Benchmark>({.classes = 3, .width = 4, .cells_per_stage = {1}}, {6, 9});
}

TEST_CASE("the benchmark's networks have five cells, affine norms and pools without padding") {
  Benchmark net;
  std::size_t cells = 0;
  for (const auto& row : ic::parameter_report(*net)) cells += row.part.starts_with("cells.");
  CHECK(cells == 15 + 2);
  const auto parameters = net->named_parameters();
  CHECK(parameters["cells.0.edge01.nor_conv_1x1.norm.weight"].numel() == 16);
  CHECK(parameters["cells.16.edge23.nor_conv_3x3.norm.bias"].numel() == 64);
  CHECK(parameters.find("cells.0.edge01.skip_connect.convolution.weight") == nullptr);
  // One pool between stem and head: what it makes of the border tells whether the padding counts.
  const Path pool{0, 0, 0, 4, 0, 0};
  const auto of_one_cell = [&](auto small) {
    small->to(at::kDouble);
    ic::testing::randomise(*small, 3);
    ic::Activations activations{at::randn({2, 3, 5, 5}, at::kDouble)};
    for (std::size_t i = 0; i < 1; ++i) small->run_segment(i, activations, pool);
    const at::Tensor x = activations.front();
    for (std::size_t i = 1; i < 4; ++i) small->run_segment(i, activations, pool);
    return std::pair{x, activations.front()};
  };
  const auto [x, y] =
      of_one_cell(Benchmark(ic::NasBench201Options{.width = 4, .cells_per_stage = {1}}));
  CHECK(at::allclose(y, torch::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1}, false, false), 1e-12, 1e-12));
  const auto [x2, y2] = of_one_cell(ic::Supernet<ic::NasBench201<>, ic::none>(
      ic::NasBench201Options{.width = 4, .cells_per_stage = {1}}));
  CHECK(at::allclose(y2, torch::avg_pool2d(x2, {3, 3}, {1, 1}, {1, 1}, false, true), 1e-12, 1e-12));
}
