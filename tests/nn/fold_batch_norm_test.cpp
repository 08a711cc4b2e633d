// Convolutions with their BatchNorm folded in against the two modules one after the other.

#include <ATen/Functions.h>

#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "interchoice/nn/convolution_norm.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;

namespace {

/// A convolution and its BatchNorm with nothing at a value that could hide a mistake.
struct Pair {
  torch::nn::Conv2d convolution{nullptr};
  torch::nn::BatchNorm2d norm{nullptr};

  explicit Pair(const torch::nn::Conv2dOptions& options, bool affine = true,
                at::ScalarType type = at::kDouble)
      : convolution(options),
        norm(torch::nn::BatchNorm2dOptions(options.out_channels()).affine(affine)) {
    const c10::NoGradGuard no_grad;
    convolution->to(type);
    norm->to(type);
    norm->running_mean.normal_(0, 2);
    norm->running_var.uniform_(0.01, 4);
    if (affine) {
      norm->weight.normal_(1, 0.5);
      norm->bias.normal_();
    }
    norm->eval();
  }
  at::Tensor apart(const at::Tensor& x, const ic::NormAdjustment& adjustment = {}) {
    const c10::NoGradGuard no_grad;
    at::Tensor y = norm->forward(convolution->forward(x));
    if (adjustment.scale.defined()) y = y * adjustment.scale.view({1, -1, 1, 1});
    return adjustment.shift.defined() ? y + adjustment.shift.view({1, -1, 1, 1}) : y;
  }
  at::Tensor together(const at::Tensor& x, const ic::NormAdjustment& adjustment = {}) {
    return ic::convolution_norm(convolution, norm, x, adjustment);
  }
  at::Tensor folded(const at::Tensor& x, const ic::NormAdjustment& adjustment = {}) {
    const c10::NoGradGuard no_grad;
    const ic::FoldBatchNorm folding;
    return together(x, adjustment);
  }
};

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

torch::nn::Conv2dOptions options(std::int64_t from, std::int64_t to, std::int64_t kernel) {
  return torch::nn::Conv2dOptions(from, to, kernel).bias(false);
}

}  // namespace

TEST_CASE("a folded convolution is the convolution and its BatchNorm") {
  at::manual_seed(1);
  const auto kernel = GENERATE(1, 3, 5);
  const auto groups = GENERATE(1, 2, 4);
  const auto [has_bias, affine] =
      GENERATE(std::tuple(false, true), std::tuple(true, true), std::tuple(false, false));
  const auto [scales, shifts] = GENERATE(std::tuple(false, false), std::tuple(true, false),
                                         std::tuple(false, true), std::tuple(true, true));
  Pair pair(torch::nn::Conv2dOptions(4, 8, kernel)
                .stride(kernel == 3 ? 2 : 1)
                .padding(kernel / 2)
                .dilation(kernel == 5 ? 2 : 1)
                .groups(groups)
                .bias(has_bias),
            affine);
  ic::NormAdjustment adjustment;
  if (scales) adjustment.scale = at::randn({8}, at::kDouble);
  if (shifts) adjustment.shift = at::randn({8}, at::kDouble);
  const at::Tensor x = at::randn({2, 4, 9, 7}, at::kDouble);
  const at::Tensor expected = pair.apart(x, adjustment);
  CHECK(distance(pair.folded(x, adjustment), expected) <
        1e-12 * expected.abs().max().item<double>());
  CHECK(pair.norm->num_batches_tracked.item<std::int64_t>() == 0);
}

TEST_CASE("what cannot be folded runs as two modules, to the bit") {
  at::manual_seed(2);
  Pair pair(options(3, 5, 3), true, at::kFloat);
  const at::Tensor x = at::randn({2, 3, 6, 6});
  const at::Tensor expected = pair.apart(x);
  REQUIRE_FALSE(at::equal(pair.folded(x), expected));  // so that equality below says something

  {
    const c10::NoGradGuard no_grad;
    CHECK(at::equal(pair.together(x), expected));  // no guard
    const ic::FoldBatchNorm outer;
    { const ic::FoldBatchNorm inner; }
    CHECK_FALSE(at::equal(pair.together(x), expected));  // the outer one is still there
    at::Tensor elsewhere;
    std::thread([&] {
      const c10::NoGradGuard none_here;
      elsewhere = pair.together(x);
    }).join();
    CHECK(at::equal(elsewhere, expected));  // a guard is of its thread
  }
  {
    const ic::FoldBatchNorm folding;
    const at::Tensor y = pair.together(x);
    CHECK(at::equal(y, expected));
    y.square().sum().backward();
    CHECK(pair.convolution->weight.grad().abs().sum().item<float>() > 0);
    CHECK(pair.norm->bias.grad().abs().sum().item<float>() > 0);
  }
  SECTION("training mode moves the statistics") {
    pair.norm->train();
    Pair twin = pair;
    twin.norm = torch::nn::BatchNorm2d(
        std::dynamic_pointer_cast<torch::nn::BatchNorm2dImpl>(pair.norm->clone()));
    const at::Tensor apart = twin.apart(x);
    CHECK(at::equal(pair.folded(x), apart));
    CHECK(at::equal(pair.norm->running_mean, twin.norm->running_mean));
    CHECK(at::equal(pair.norm->running_var, twin.norm->running_var));
  }
  SECTION("no running statistics") {
    pair.norm = torch::nn::BatchNorm2d(torch::nn::BatchNorm2dOptions(5).track_running_stats(false));
    pair.norm->eval();
    CHECK(at::equal(pair.folded(x), pair.apart(x)));
  }
  SECTION("padding that is not of zeros") {
    Pair reflecting(options(3, 5, 3).padding(1).padding_mode(torch::kReflect), true, at::kFloat);
    CHECK(at::equal(reflecting.folded(x), reflecting.apart(x)));
  }
}

TEST_CASE("a folded convolution follows what it was made of") {
  at::manual_seed(3);
  const c10::NoGradGuard no_grad;
  const ic::FoldBatchNorm folding;
  Pair pair(options(3, 5, 3).bias(true));
  const at::Tensor x = at::randn({2, 3, 6, 6}, at::kDouble);
  const auto check = [&] { CHECK(distance(pair.together(x), pair.apart(x)) < 1e-11); };
  check();
  for (at::Tensor* source : {&pair.convolution->weight, &pair.convolution->bias, &pair.norm->weight,
                             &pair.norm->bias, &pair.norm->running_mean, &pair.norm->running_var}) {
    const at::Tensor before = pair.together(x);
    source->mul_(1.5);
    check();
    CHECK(distance(pair.together(x), before) > 1e-6);
    source->set_data(*source * 1.5);  // other memory
    check();
  }
  // Modules come and go; none must be taken for one that was there before.
  for (int i = 0; i < 50; ++i) {
    Pair other(options(3, 5, 3));
    CHECK(distance(other.together(x), other.apart(x)) < 1e-11);
  }
  // The same convolution in front of two BatchNorms, the same BatchNorm behind two convolutions.
  Pair crossed(options(3, 5, 3));
  std::swap(crossed.norm, pair.norm);
  check();
  CHECK(distance(crossed.together(x), crossed.apart(x)) < 1e-11);
}

TEST_CASE("folding rounds no worse than BatchNorm does") {
  // Large means beside small deviations are where digits cancel: in either order.
  at::manual_seed(4);
  const double ratio = GENERATE(1., 1e2, 1e4, 1e6);
  double apart = 0;
  double folded = 0;
  for (int i = 0; i < 20; ++i) {
    Pair pair(options(8, 8, 3));
    const at::Tensor x = at::randn({4, 8, 10, 10}, at::kDouble) + ratio;
    const c10::NoGradGuard no_grad;
    const at::Tensor y = pair.convolution->forward(x);
    pair.norm->running_mean.copy_(y.mean({0, 2, 3}));
    pair.norm->running_var.copy_(y.var({0, 2, 3}, true));
    // Both compute with the numbers that float32 can hold.
    Pair single(options(8, 8, 3), true, at::kFloat);
    for (const auto& [to, from] : {std::pair(single.convolution->weight, pair.convolution->weight),
                                   {single.norm->weight, pair.norm->weight},
                                   {single.norm->bias, pair.norm->bias},
                                   {single.norm->running_mean, pair.norm->running_mean},
                                   {single.norm->running_var, pair.norm->running_var}}) {
      to.copy_(from);
      from.copy_(to);
    }
    const at::Tensor image = x.to(at::kFloat);
    const at::Tensor exact = pair.apart(image.to(at::kDouble));
    apart += distance(single.apart(image), exact);
    folded += distance(single.folded(image), exact);
  }
  INFO("mean / deviation " << ratio << ": " << apart / 20 << " apart, " << folded / 20
                           << " folded");
  CHECK(folded < 2 * apart);
}
