// BatchNorm's own loops against libtorch's operators, to the bit, and against float64.

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "interchoice/nn/convolution_norm.hpp"
#include "interchoice/nn/kernels/batch_norm.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using ic::NormActivation;
using Tensors = std::vector<at::Tensor>;
using Sizes = std::vector<std::int64_t>;

namespace {

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;
constexpr NormActivation kActivations[] = {NormActivation::kNone, NormActivation::kRelu,
                                           NormActivation::kRelu6};

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.contiguous(), y = b.contiguous();
  return x.sizes() == y.sizes() && x.scalar_type() == y.scalar_type() &&
         std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

at::Tensor images(const Sizes& sizes, at::ScalarType type) {
  return (at::randn(sizes, type) * 2 + 0.7).contiguous(kChannelsLast);
}

struct Input {
  at::Tensor x;
  at::Tensor weight, bias;  // undefined: not affine
  at::Tensor running_mean, running_var;
  double momentum = 0.1;

  Input(const at::Tensor& images, bool affine) : x(images) {
    const std::int64_t c = x.size(1);
    if (affine) {
      weight = at::randn({c}, x.options()) + 2;
      bias = at::randn({c}, x.options());
    }
    running_mean = at::randn({c}, x.options());
    running_var = at::rand({c}, x.options()) + 0.5;
  }
};

struct Result {
  at::Tensor y;
  Tensors statistics;
  Tensors gradients;
  std::string node;  // of y
};

/// Forward and backward, by the loops or by libtorch's operators, from copies of the input.
Result run(const Input& input, NormActivation activation, const at::Tensor& gradient, bool ours) {
  const auto leaf = [](const at::Tensor& t) {
    return t.defined() ? t.detach().clone().requires_grad_() : t;
  };
  const at::Tensor x = leaf(input.x);
  const ic::BatchNormState state{
      leaf(input.weight),        leaf(input.bias), input.running_mean.clone(),
      input.running_var.clone(), input.momentum,   1e-5};
  const at::Tensor y =
      ours ? ic::batch_norm(x, state, activation)
           : ic::detail::activate_(
                 at::batch_norm(x, state.weight, state.bias, state.running_mean, state.running_var,
                                true, state.momentum, state.eps, true),
                 activation);
  Tensors leaves{x};
  if (state.weight.defined()) leaves.insert(leaves.end(), {state.weight, state.bias});
  return {y.detach(),
          {state.running_mean, state.running_var},
          torch::autograd::grad({y}, leaves, {gradient}),
          y.grad_fn()->name()};
}

void check_same_bits(const Input& input, NormActivation activation, const at::Tensor& gradient) {
  const Result a = run(input, activation, gradient, true);
  const Result b = run(input, activation, gradient, false);
  CHECK(same_bits(a.y, b.y));
  for (std::size_t i = 0; i < 2; ++i) CHECK(same_bits(a.statistics[i], b.statistics[i]));
  for (std::size_t i = 0; i < b.gradients.size(); ++i) {
    INFO("gradient " << i);
    CHECK(same_bits(a.gradients[i], b.gradients[i]));
  }
}

bool is_ours(const Result& result) {
  return result.node.find("BatchNormFunction") != std::string::npos;
}

/// Whether this machine's processor and libtorch let the loops run at all.
bool has_loops() {
#if defined(INTERCHOICE_FMA)
  return ic::detail::has_batch_norm_rows(images({2, 4, 4, 4}, at::kFloat), {});
#else
  return false;
#endif
}

ic::BatchNormState state_of(const Input& input) {
  return {input.weight, input.bias, input.running_mean.clone(), input.running_var.clone(),
          0.1,          1e-5};
}

at::Tensor evaluated(const Input& input, NormActivation activation) {
  const c10::NoGradGuard no_grad;
  return ic::inference_batch_norm(input.x, state_of(input), activation);
}

at::Tensor libtorch_evaluated(const Input& input) {
  const c10::NoGradGuard no_grad;
  return at::batch_norm(input.x, input.weight, input.bias, input.running_mean, input.running_var,
                        false, 0.1, 1e-5, true);
}

// Registers of channels: full, a part of one, and several; rows odd, even, and more than one tile.
const std::vector<Sizes> kSizes{{2, 16, 8, 8}, {3, 5, 7, 9},   {1, 33, 5, 3}, {4, 64, 8, 8},
                                {2, 2, 4, 4},  {3, 100, 3, 3}, {7, 24, 1, 1}, {5, 16, 32, 31}};

}  // namespace

TEST_CASE("BatchNorm and its activation equal libtorch's operators to the bit") {
  at::manual_seed(1);
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
      for (const Sizes& sizes : kSizes) {
        for (const bool affine : {false, true}) {
          for (const NormActivation activation : kActivations) {
            INFO(threads << " threads, " << c10::toString(type) << " " << at::IntArrayRef(sizes)
                         << " affine " << affine << " " << static_cast<int>(activation));
            Input input(images(sizes, type), affine);
            if (affine) input.momentum = 1.0 / 3;
            const at::Tensor gradient = images(sizes, type);
            check_same_bits(input, activation, gradient);
            CHECK(is_ours(run(input, activation, gradient, true)) == has_loops());
          }
        }
      }
    }
  }
}

TEST_CASE("BatchNorm in evaluation mode equals libtorch's operators to the bit") {
  at::manual_seed(11);
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
      for (const Sizes& sizes : kSizes) {
        for (const bool affine : {false, true}) {
          const Input input(images(sizes, type), affine);
          for (const NormActivation activation : kActivations) {
            INFO(threads << " threads, " << c10::toString(type) << " " << at::IntArrayRef(sizes)
                         << " affine " << affine << " " << static_cast<int>(activation));
            const at::Tensor y = evaluated(input, activation);
            CHECK(same_bits(y, ic::detail::activate_(libtorch_evaluated(input), activation)));
            CHECK(y.strides() == input.x.strides());
            // Over its input, in both modes.
            const c10::NoGradGuard no_grad;
            const at::Tensor over = input.x.clone();
            CHECK(same_bits(ic::inference_batch_norm(over, state_of(input), activation,
                                                     ic::NormOutput::kOverInput),
                            y));
            CHECK(same_bits(over, y) == has_loops());
            const at::Tensor trained = input.x.clone();
            const ic::BatchNormState one = state_of(input), two = state_of(input);
            CHECK(same_bits(ic::batch_norm(trained, one, activation, ic::NormOutput::kOverInput),
                            ic::batch_norm(input.x, two, activation)));
            CHECK(same_bits(one.running_mean, two.running_mean));
            CHECK(same_bits(one.running_var, two.running_var));
          }
        }
      }
    }
  }
  at::set_num_threads(1);
  Input input(images({2, 16, 4, 4}, at::kFloat), true);
  input.x.select(1, 0)[0][0][0] = std::numeric_limits<float>::quiet_NaN();
  input.running_var[3] = 0;
  const auto plain = at::relu(libtorch_evaluated(input));
  CHECK(at::allclose(evaluated(input, NormActivation::kRelu), plain, 0, 0, /*equal_nan=*/true));
  // Where gradients are recorded they are libtorch's.
  const at::Tensor x = input.x.clone().requires_grad_();
  CHECK(ic::inference_batch_norm(x, state_of(input)).grad_fn()->name() ==
        at::batch_norm(x, {}, {}, input.running_mean, input.running_var, false, 0.1, 1e-5, true)
            .grad_fn()
            ->name());
}

TEST_CASE("BatchNorm of bfloat16 has the floats' statistics, and rounds once") {
  at::manual_seed(12);
  if (!has_loops()) return;
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    for (const Sizes& sizes : kSizes) {
      for (const bool affine : {false, true}) {
        for (const NormActivation activation : kActivations) {
          INFO(threads << " threads, " << at::IntArrayRef(sizes) << " affine " << affine << " "
                       << static_cast<int>(activation));
          Input wide(images(sizes, at::kFloat).to(at::kBFloat16).to(at::kFloat), affine);
          Input narrow = wide;
          narrow.x = wide.x.to(at::kBFloat16);
          REQUIRE(narrow.x.is_contiguous(kChannelsLast));
          const at::Tensor gradient = images(sizes, at::kFloat).to(at::kBFloat16);
          const Result a = run(narrow, activation, gradient, true);
          const Result b = run(wide, activation, gradient.to(at::kFloat), true);
          CHECK(is_ours(a));
          CHECK(same_bits(a.y, b.y.to(at::kBFloat16)));
          for (std::size_t i = 0; i < 2; ++i) CHECK(same_bits(a.statistics[i], b.statistics[i]));
          CHECK(same_bits(a.gradients[0], b.gradients[0].to(at::kBFloat16)));
          for (std::size_t i = 1; i < a.gradients.size(); ++i) {
            CHECK(same_bits(a.gradients[i], b.gradients[i]));
          }
          CHECK(same_bits(evaluated(narrow, activation),
                          evaluated(wide, activation).to(at::kBFloat16)));
        }
      }
    }
  }
  // Against float64: a unit in the last of 8 bits, of which float's own rounding is a small part.
  at::set_num_threads(1);
  Input input(images({6, 16, 9, 7}, at::kFloat).to(at::kBFloat16).to(at::kFloat), true);
  const at::Tensor x = input.x.to(at::kDouble);
  const auto along = [](const at::Tensor& v) { return v.to(at::kDouble).view({1, -1, 1, 1}); };
  const at::Tensor mean = x.mean({0, 2, 3}, true);
  const at::Tensor variance = (x - mean).square().mean({0, 2, 3}, true);
  const at::Tensor exact =
      (x - mean) / (variance + 1e-5).sqrt() * along(input.weight) + along(input.bias);
  input.x = input.x.to(at::kBFloat16);
  const at::Tensor y = run(input, NormActivation::kNone, input.x, true).y;
  CHECK(y.scalar_type() == at::kBFloat16);
  CHECK(((y - exact).abs() <= exact.abs() / 256 + 1e-5).all().item<bool>());
  // Not-a-number stays one, in training and in evaluation.
  input.x.select(1, 2)[0][0][0] = std::numeric_limits<float>::quiet_NaN();
  const c10::NoGradGuard no_grad;
  const at::Tensor trained = ic::batch_norm(input.x, state_of(input), NormActivation::kRelu);
  CHECK(trained.select(1, 2).isnan().all().item<bool>());
  CHECK_FALSE(trained.select(1, 3).isnan().any().item<bool>());
}

TEST_CASE("what the loops do not take goes through libtorch's operators") {
  at::manual_seed(2);
  at::set_num_threads(2);
  const auto check = [](const Input& input, const at::Tensor& gradient) {
    for (const NormActivation activation : kActivations) {
      CHECK_FALSE(is_ours(run(input, activation, gradient, true)));
      check_same_bits(input, activation, gradient);
    }
  };
  const at::Tensor rows = at::randn({2, 3, 4, 5});  // in libtorch's default layout
  check(Input(rows, true), at::randn({2, 3, 4, 5}));
  check(Input(images({2, 1, 4, 5}, at::kFloat), true), images({2, 1, 4, 5}, at::kFloat));
  check(Input(images({2, 3, 1, 1}, at::kFloat), false), images({2, 3, 1, 1}, at::kFloat));
  check(Input(at::randn({7, 3, 5}), true), at::randn({7, 3, 5}));  // a sequence
  Input strided(images({2, 3, 4, 5}, at::kFloat), true);
  strided.running_mean = at::randn({3, 2}).select(1, 0);
  strided.weight = at::randn({3, 2}).select(1, 0);
  // A clone of a vector with gaps has none; the check below is of the state itself.
#if defined(INTERCHOICE_FMA)
  CHECK_FALSE(ic::detail::has_batch_norm_rows(
      strided.x, {strided.weight, strided.bias, strided.running_mean, strided.running_var}));
#endif
}

TEST_CASE("BatchNorm is as exact as its float64 formula allows") {
  at::manual_seed(3);
  at::set_num_threads(1);
  for (const NormActivation activation : kActivations) {
    const Input input(images({6, 20, 9, 7}, at::kDouble), true);
    const at::Tensor gradient = images({6, 20, 9, 7}, at::kDouble);
    const Result result = run(input, activation, gradient, true);
    const at::Tensor x = input.x.clone().requires_grad_();
    const at::Tensor weight = input.weight.clone().requires_grad_();
    const at::Tensor bias = input.bias.clone().requires_grad_();
    const auto along = [](const at::Tensor& v) { return v.view({1, -1, 1, 1}); };
    const at::Tensor mean = x.mean({0, 2, 3}, true);
    const at::Tensor variance = (x - mean).square().mean({0, 2, 3}, true);
    at::Tensor y = (x - mean) / (variance + 1e-5).sqrt() * along(weight) + along(bias);
    if (activation != NormActivation::kNone) y = y.clamp_min(0);
    if (activation == NormActivation::kRelu6) y = y.clamp_max(6);
    const Tensors expected = torch::autograd::grad({y}, {x, weight, bias}, {gradient});
    CHECK(at::allclose(result.y, y, 1e-12, 1e-12));
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(at::allclose(result.gradients[i], expected[i], 1e-11, 1e-11));
    }
    const double rows = 6 * 9 * 7;
    CHECK(at::allclose(result.statistics[0], 0.9 * input.running_mean + 0.1 * mean.flatten()));
    CHECK(at::allclose(result.statistics[1],
                       0.9 * input.running_var + 0.1 * variance.flatten() * rows / (rows - 1)));
  }
}

TEST_CASE("BatchNorm takes a gradient of any layout, and has a second derivative") {
  at::manual_seed(4);
  at::set_num_threads(1);
  const Sizes sizes{3, 10, 4, 5};
  for (const NormActivation activation : kActivations) {
    const Input input(images(sizes, at::kDouble), true);
    for (const at::Tensor& gradient :
         {at::randn(sizes, at::kDouble), at::randn({1}, at::kDouble).expand(sizes)}) {
      check_same_bits(input, activation, gradient);
    }
    const auto twice = [&](bool ours) {
      const at::Tensor x = input.x.clone().requires_grad_();
      const at::Tensor weight = input.weight.clone().requires_grad_();
      const ic::BatchNormState state{weight, input.bias, {}, {}, 0.1, 1e-5};
      const at::Tensor y = ours ? ic::batch_norm(x, state, activation)
                                : ic::detail::activate_(at::batch_norm(x, weight, input.bias, {},
                                                                       {}, true, 0.1, 1e-5, true),
                                                        activation);
      const at::Tensor slope = torch::autograd::grad({y.pow(3).sum()}, {x}, {}, true, true)[0];
      return torch::autograd::grad({slope.square().sum()}, {x, weight});
    };
    const Tensors a = twice(true), b = twice(false);
    for (std::size_t i = 0; i < 2; ++i) CHECK(at::allclose(a[i], b[i], 1e-9, 1e-12));
    CHECK(a[0].abs().max().item<double>() > 0);
  }
}

TEST_CASE("not-a-number, infinity and channels without variance pass as through libtorch") {
  at::manual_seed(5);
  at::set_num_threads(1);
  Input input(images({2, 11, 4, 4}, at::kFloat), true);
  input.x.select(1, 0)[0][0][0] = std::numeric_limits<float>::quiet_NaN();
  input.x.select(1, 9)[0][0][0] = std::numeric_limits<float>::infinity();
  input.x.select(1, 3).fill_(0.25);
  const at::Tensor gradient = images({2, 11, 4, 4}, at::kFloat);
  for (const NormActivation activation : kActivations) {
    const Result a = run(input, activation, gradient, true);
    const Result b = run(input, activation, gradient, false);
    CHECK(at::allclose(a.y, b.y, 0, 0, /*equal_nan=*/true));
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(at::allclose(a.gradients[i], b.gradients[i], 0, 0, /*equal_nan=*/true));
    }
  }
}

TEST_CASE("adjusted_norm on images is the module, with cumulative and without statistics") {
  at::manual_seed(6);
  at::set_num_threads(1);
  const auto check = [](const torch::nn::BatchNorm2dOptions& options, bool training) {
    torch::nn::BatchNorm2d ours(options), theirs(options);
    ours->train(training);
    theirs->train(training);
    for (int step = 0; step < 3; ++step) {
      const at::Tensor x = images({4, 6, 5, 3}, at::kFloat);
      CHECK(same_bits(ic::adjusted_norm(ours, x, {}, NormActivation::kRelu),
                      at::relu(theirs->forward(x))));
    }
    REQUIRE(ours->buffers().size() == theirs->buffers().size());
    for (std::size_t i = 0; i < ours->buffers().size(); ++i) {
      CHECK(same_bits(ours->buffers()[i], theirs->buffers()[i]));
    }
  };
  const torch::nn::BatchNorm2dOptions options(6);
  for (const bool training : {false, true}) {
    check(options, training);
    check(torch::nn::BatchNorm2dOptions(6).momentum(std::nullopt), training);
    check(torch::nn::BatchNorm2dOptions(6).track_running_stats(false).affine(false), training);
  }
}

namespace {

struct doubled {
  static at::Tensor apply(const at::Tensor& y) { return 2 * y; }
};
struct rectified {
  static constexpr NormActivation kind = NormActivation::kRelu;
  static at::Tensor apply(const at::Tensor& y) { return y; }  // not called
};

}  // namespace

TEST_CASE("an activation's tag is applied, or fused where it has a kind") {
  at::manual_seed(7);
  torch::nn::Conv2d convolution(torch::nn::Conv2dOptions(3, 8, 3));
  torch::nn::BatchNorm2d norm(8);
  const at::Tensor x = images({2, 3, 6, 6}, at::kFloat);
  for (const bool training : {true, false}) {
    norm->train(training);
    const at::Tensor y = ic::convolution_norm(convolution, norm, x).detach();
    const auto with = [&]<class Activation>() {
      return ic::convolution_norm_activation<Activation>(convolution, norm, x).detach();
    };
    CHECK(same_bits(with.operator()<doubled>(), 2 * y));
    CHECK(same_bits(with.operator()<rectified>(), at::relu(y)));
  }
}
