// Our kernels on a GPU against libtorch's operators on the processor in float64, for every type; a
// captured graph that is replayed with another row.

#include <ATen/Functions.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/StreamGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "interchoice/cuda.hpp"
#include "interchoice/nn/kernels/average_pool.hpp"
#include "interchoice/nn/kernels/node_sum.hpp"
#include "interchoice/nn/kernels/vector_relu.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Tensors = std::vector<at::Tensor>;
using Function = std::function<at::Tensor(const Tensors&)>;

namespace {

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

double tolerance(at::ScalarType type) {
  return type == at::kDouble     ? 1e-10
         : type == at::kFloat    ? 1e-5
         : type == at::kBFloat16 ? 1e-2
                                 : 2e-3;
}

/// Outputs and gradients of `ours` for CUDA tensors are those of `theirs` for their float64 copies,
/// and a kernel of ours has made them.
void check(const std::string& node, const Function& ours, const Function& theirs,
           const Tensors& inputs) {
  INFO(node << " " << inputs[0].scalar_type() << " " << inputs[0].sizes());
  const at::ScalarType type = inputs[0].scalar_type();
  Tensors on_device;
  Tensors exact;
  for (const at::Tensor& input : inputs) {
    on_device.push_back(input.detach().clone().requires_grad_());
    exact.push_back(input.detach().cpu().to(at::kDouble).requires_grad_());
  }
  const at::Tensor y = ours(on_device);
  const at::Tensor expected = theirs(exact);
  REQUIRE(y.is_cuda());
  REQUIRE(y.grad_fn());
  CHECK(y.grad_fn()->name().find(node) != std::string::npos);
  CHECK(y.scalar_type() == type);
  const double limit = tolerance(type);
  CHECK(at::allclose(y.cpu().to(at::kDouble), expected, limit, limit));
  const at::Tensor weight = at::randn_like(y);
  const Tensors gradients = torch::autograd::grad({y}, on_device, {weight});
  const Tensors expected_gradients =
      torch::autograd::grad({expected}, exact, {weight.cpu().to(at::kDouble)});
  const auto pixels = static_cast<double>(y.numel() / y.size(1));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    INFO("gradient " << i);
    CHECK(gradients[i].scalar_type() == inputs[i].scalar_type());
    const double own = inputs[i].dim() == 4 ? limit : limit * std::sqrt(pixels);
    CHECK(at::allclose(gradients[i].cpu().to(at::kDouble), expected_gradients[i], own, 4 * own));
  }
}

at::Tensor wide(const at::Tensor& vector) { return vector.view({1, -1, 1, 1}); }

at::Tensor sum_of(const std::vector<ic::DeferredBias>& terms) { return ic::node_sum(terms, {}); }

}  // namespace

TEST_CASE("our kernels compute on a GPU what libtorch does in float64", "[gpu]") {
  at::manual_seed(1);
  const std::vector<std::array<std::int64_t, 4>> all_sizes{
      {1, 1, 1, 1}, {2, 17, 5, 1}, {3, 16, 7, 9}, {2, 3, 4, 4}, {64, 64, 8, 8}, {1, 2112, 2, 3}};
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16, at::kHalf}) {
    for (const auto& sizes : all_sizes) {
      const auto image = [&] {
        return at::randn(sizes).to(at::kCUDA, type).contiguous(kChannelsLast);
      };
      for (const bool has_own_type : {true, false}) {
        const at::ScalarType row_type =
            has_own_type ? type : ic::cuda::row_type(at::empty({0}, type));
        const at::Tensor row = at::randn({sizes[1]}).to(at::kCUDA, row_type);
        check(
            "ShiftedRelu", [](const Tensors& t) { return ic::vector_relu(t[0], t[1]); },
            [](const Tensors& t) { return at::relu(t[0] + wide(t[1])); }, {image(), row});
        check(
            "NodeSum",
            [](const Tensors& t) {
              return sum_of({{t[0], t[3]}, {t[1], {}}, {t[2], {}}});
            },
            [](const Tensors& t) { return t[0] + t[1] + t[2] + wide(t[3]); },
            {image(), image(), image(), row});
        for (const bool padding : {true, false}) {
          check(
              "AveragePool",
              [=](const Tensors& t) { return ic::average_pool3x3(t[0], t[1], padding); },
              [=](const Tensors& t) {
                return at::avg_pool2d(t[0] + wide(t[1]), {3, 3}, {1, 1}, {1, 1}, false, padding);
              },
              {image(), row});
          check(
              "AveragePool",
              [=](const Tensors& t) { return ic::average_pool3x3(t[0], {}, padding); },
              [=](const Tensors& t) {
                return at::avg_pool2d(t[0], {3, 3}, {1, 1}, {1, 1}, false, padding);
              },
              {image()});
        }
      }
      const at::ScalarType row_type = ic::cuda::row_type(at::empty({0}, type));
      const at::Tensor scales = at::randn({5, sizes[1]}).to(at::kCUDA, row_type);
      const at::Tensor shifts = at::randn({5, sizes[1]}).to(at::kCUDA, row_type);
      const at::Tensor index = at::full({1}, 3, at::kLong).cuda();
      check(
          "ScaleShift",
          [&](const Tensors& t) { return ic::cuda::scale_shift(t[0], t[1], t[2], index); },
          [](const Tensors& t) { return t[0] * wide(t[1][3]) + wide(t[2][3]); },
          {image(), scales, shifts});
      check(
          "ShiftedRelu",
          [&](const Tensors& t) { return ic::cuda::shifted_relu(t[0], t[1], index); },
          [](const Tensors& t) { return at::relu(t[0] + wide(t[1][3])); }, {image(), shifts});
    }
  }
}

TEST_CASE("a NaN passes our ReLU on a GPU, and results repeat to the bit", "[gpu]") {
  at::Tensor x = at::randn({32, 16, 32, 32}).cuda().contiguous(kChannelsLast);
  x[0][3][1][1] = NAN;
  const at::Tensor in = x.detach().requires_grad_();
  const at::Tensor row = at::randn({16}).cuda().requires_grad_();
  CHECK(ic::vector_relu(in, row).isnan().sum().item<std::int64_t>() == 1);
  const at::Tensor clean = at::randn_like(x).requires_grad_();
  const at::Tensor weight = at::randn_like(x);
  const auto gradients = [&] {
    return torch::autograd::grad({ic::vector_relu(clean, row)}, {clean, row}, {weight});
  };
  const Tensors once = gradients();
  for (int i = 0; i < 5; ++i) {
    const Tensors again = gradients();
    CHECK(at::equal(once[0], again[0]));
    CHECK(at::equal(once[1], again[1]));
  }
}

TEST_CASE("a captured graph is replayed with another row", "[gpu]") {
  const at::NoGradGuard no_grad;
  const at::Tensor x = at::randn({2, 16, 8, 8}).cuda().contiguous(kChannelsLast);
  const at::Tensor table = at::randn({4, 16}).cuda();
  const at::Tensor index = at::zeros({1}, at::kLong).cuda();
  ic::cuda::shifted_relu(x, table, index);  // compiles and loads, which a capture must not
  at::cuda::CUDAGraph graph;
  at::Tensor y;
  {
    const c10::StreamGuard guard(c10::cuda::getStreamFromPool());
    graph.capture_begin();
    y = ic::cuda::shifted_relu(x, table, index);
    graph.capture_end();
  }
  for (const std::int64_t row : {2, 0, 3}) {
    index.fill_(row);
    graph.replay();
    CHECK(at::equal(y, at::relu(x + wide(table[row]))));
  }
}

TEST_CASE("what our kernels do not take goes to libtorch's operators", "[gpu]") {
  const at::Tensor x = at::randn({2, 4, 3, 3}).cuda();  // channels second
  const at::Tensor row = at::randn({4}).cuda();
  CHECK(at::equal(ic::vector_relu(x, row), at::relu(x + wide(row))));
  const at::Tensor tokens = at::randn({2, 3, 4}).cuda();
  CHECK(at::equal(ic::vector_relu(tokens, row, ic::ChannelAxis::kLast), at::relu(tokens + row)));
  const at::Tensor last = x.contiguous(kChannelsLast);
  CHECK_THROWS_WITH(ic::cuda::shifted_relu(last, row.to(at::kDouble)),
                    Catch::Matchers::Contains("interchoice: expected a contiguous Float vector"));
  const at::Tensor differentiable = last.detach().requires_grad_();
  const at::Tensor y = ic::vector_relu(differentiable, row);
  CHECK_THROWS_WITH(
      torch::autograd::grad({y.sum()}, {differentiable}, {}, true, /*create_graph=*/true),
      Catch::Matchers::Contains("has no second derivative"));
}
