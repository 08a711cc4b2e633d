// BatchNorms over the batches of several ranks against one BatchNorm of the whole batch.

#include "interchoice/nn/synchronised_batch_norm.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "interchoice/nn/convolution_norm.hpp"
#include "interchoice/nn/precision.hpp"
#include "support/catch.hpp"
#include "support/thread_group.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;
using ic::NormActivation;
using ic::testing::on_threads;
using Sizes = std::vector<std::int64_t>;
using Tensors = std::vector<at::Tensor>;

namespace {

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.contiguous(), y = b.contiguous();
  return x.sizes() == y.sizes() && x.scalar_type() == y.scalar_type() &&
         std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return a.numel() == 0 ? 0 : (a - b).to(at::kDouble).abs().max().item<double>();
}

/// A rank's consecutive part of a tensor over all ranks.
at::Tensor part_of(const at::Tensor& whole, const Sizes& parts, std::size_t rank) {
  std::int64_t first = 0;
  for (std::size_t r = 0; r < rank; ++r) first += parts[r];
  return whole.narrow(0, first, parts[rank]);
}

/// What is normalised, and how.
struct Case {
  at::Tensor x, gradient;  // of the whole batch
  NormActivation activation = NormActivation::kNone;
  bool is_affine = true, is_adjusted = false, is_tracked = true;
  std::optional<double> momentum = 0.1;
};

struct Result {
  at::Tensor y, grad_x;
  Tensors statistics;  // running mean and variance, batches
  Tensors gradients;   // of weight, bias, scale, shift
};

/// Two forward passes and a backward pass of these examples by a new module.
template <class Norm>
Result run(const Case& c, const at::Tensor& examples, const at::Tensor& gradient,
           const ic::Group& group = {}) {
  const std::int64_t channels = c.x.size(1);
  Norm norm(torch::nn::BatchNormOptions(channels)
                .affine(c.is_affine)
                .track_running_stats(c.is_tracked)
                .momentum(c.momentum));
  const at::ScalarType type = c.x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  norm->to(type);
  const auto vector = [&](double first, double last) {
    return at::linspace(first, last, channels, type).requires_grad_();
  };
  Tensors leaves;
  if (c.is_affine) {
    norm->weight = vector(0.5, 2);
    norm->bias = vector(-0.5, 1);
    leaves = {norm->weight, norm->bias};
  }
  ic::NormAdjustment adjustment;
  if (c.is_adjusted) {
    adjustment = {vector(1.5, -1), vector(-1, 1)};
    leaves.insert(leaves.end(), {adjustment.scale, adjustment.shift});
  }
  const at::Tensor x = examples.detach().clone().requires_grad_();
  leaves.push_back(x);
  at::Tensor y;
  {
    const ic::SynchronisedBatchNorm scope(group);
    ic::adjusted_norm(norm, x * 2, adjustment, c.activation);
    y = ic::adjusted_norm(norm, x, adjustment, c.activation);
  }
  Result result{y.detach(), {}, norm->buffers(), {}};
  std::thread([&] { result.gradients = torch::autograd::grad({y}, leaves, {gradient}); }).join();
  result.grad_x = result.gradients.back();
  result.gradients.pop_back();
  return result;
}

/// Ranks with these numbers of examples each compute what one process with all of them does.
template <class Norm>
void check_equals_whole(const Case& c, const Sizes& parts, double tolerance) {
  const Result whole = run<Norm>(c, c.x, c.gradient);
  const std::vector<Result> ranks = on_threads(parts.size(), [&](const ic::Group& group) {
    return run<Norm>(c, part_of(c.x, parts, group.rank()), part_of(c.gradient, parts, group.rank()),
                     group);
  });
  Tensors y, grad_x;
  for (const Result& rank : ranks) {
    y.push_back(rank.y);
    grad_x.push_back(rank.grad_x);
    CHECK(rank.y.scalar_type() == c.x.scalar_type());
    CHECK(rank.grad_x.scalar_type() == c.x.scalar_type());
    REQUIRE(rank.statistics.size() == whole.statistics.size());
    for (std::size_t i = 0; i < whole.statistics.size(); ++i) {
      CHECK(distance(rank.statistics[i], whole.statistics[i]) < tolerance);
      CHECK(same_bits(rank.statistics[i], ranks[0].statistics[i]));
    }
  }
  CHECK(distance(at::cat(y), whole.y) < tolerance);
  CHECK(distance(at::cat(grad_x), whole.grad_x) < tolerance);
  for (std::size_t i = 0; i < whole.gradients.size(); ++i) {
    INFO("gradient of vector " << i);
    at::Tensor sum = ranks[0].gradients[i];
    for (std::size_t r = 1; r < ranks.size(); ++r) sum = sum + ranks[r].gradients[i];
    CHECK(sum.scalar_type() == whole.gradients[i].scalar_type());
    CHECK(distance(sum, whole.gradients[i]) < tolerance * 10);  // a sum of all values
  }
}

Case case_of(const Sizes& sizes, at::ScalarType type, NormActivation activation) {
  Case c{at::randn(sizes, at::kDouble) * 2 + 0.7, at::randn(sizes, at::kDouble), activation};
  c.x = c.x.to(type);
  c.gradient = c.gradient.to(type);
  return c;
}

Case channels_last(Case c) {
  c.x = c.x.contiguous(at::MemoryFormat::ChannelsLast);
  c.gradient = c.gradient.contiguous(at::MemoryFormat::ChannelsLast);
  return c;
}

const std::vector<Sizes> kParts{{5, 2}, {3, 3, 1}, {4, 0, 3}};

}  // namespace

TEST_CASE("BatchNorms of several ranks are one of the whole batch") {
  at::manual_seed(1);
  const auto [type, tolerance] =
      GENERATE(table<at::ScalarType, double>({{at::kDouble, 1e-12}, {at::kFloat, 1e-5}}));
  for (const NormActivation activation :
       {NormActivation::kNone, NormActivation::kRelu, NormActivation::kRelu6}) {
    for (const Sizes& parts : kParts) {
      Case c = case_of({7, 6, 5, 3}, type, activation);
      check_equals_whole<torch::nn::BatchNorm2d>(c, parts, tolerance);
      c.is_adjusted = true;
      check_equals_whole<torch::nn::BatchNorm2d>(channels_last(c), parts, tolerance);
    }
  }
  const auto kind = NormActivation::kRelu;
  check_equals_whole<torch::nn::BatchNorm1d>(case_of({7, 4}, type, kind), {5, 2}, tolerance);
  check_equals_whole<torch::nn::BatchNorm1d>(case_of({7, 4, 3}, type, kind), {5, 2}, tolerance);
  check_equals_whole<torch::nn::BatchNorm3d>(case_of({3, 4, 2, 3, 2}, type, kind), {2, 1},
                                             tolerance);
  Case c = channels_last(case_of({5, 6, 4, 4}, type, NormActivation::kNone));
  c.momentum = std::nullopt;  // a cumulative average
  check_equals_whole<torch::nn::BatchNorm2d>(c, {3, 2}, tolerance);
  c.is_tracked = false;
  c.is_affine = false;
  check_equals_whole<torch::nn::BatchNorm2d>(c, {3, 2}, tolerance);
  c.is_adjusted = true;
  check_equals_whole<torch::nn::BatchNorm2d>(c, {3, 2}, tolerance);
  c.gradient = at::ones({5, 1, 1, 1}, type).expand({5, 6, 4, 4});  // of any layout
  check_equals_whole<torch::nn::BatchNorm2d>(c, {3, 2}, tolerance);
}

TEST_CASE("bfloat16 values of several ranks are normalised in float and rounded once") {
  at::manual_seed(2);
  Case narrow = channels_last(case_of({7, 6, 5, 3}, at::kBFloat16, NormActivation::kRelu));
  Case wide = narrow;
  wide.x = narrow.x.to(at::kFloat);
  wide.gradient = narrow.gradient.to(at::kFloat);
  const auto run_as = [](const Case& c) {
    return on_threads(2, [&](const ic::Group& group) {
      const Sizes parts{5, 2};
      return run<torch::nn::BatchNorm2d>(c, part_of(c.x, parts, group.rank()),
                                         part_of(c.gradient, parts, group.rank()), group);
    });
  };
  const auto ours = run_as(narrow), floats = run_as(wide);
  for (std::size_t r = 0; r < 2; ++r) {
    // Within half a unit of 8 bits, and what the order of float operations does.
    const auto rounded = [](const at::Tensor& a, const at::Tensor& exact) {
      CHECK(a.scalar_type() == at::kBFloat16);
      return at::allclose(a.to(at::kFloat), exact, 1.0 / 256, 1e-6);
    };
    CHECK(rounded(ours[r].y, floats[r].y));
    CHECK(at::allclose(ours[r].grad_x.to(at::kFloat), floats[r].grad_x, 1.0 / 256, 1e-6));
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(at::allclose(ours[r].gradients[i], floats[r].gradients[i], 1e-5, 1e-5));
      CHECK(at::allclose(ours[r].statistics[i], floats[r].statistics[i], 1e-5, 1e-5));
    }
  }
}

TEST_CASE("gradients of synchronised BatchNorms are those of finite differences") {
  at::manual_seed(3);
  const Case c = case_of({5, 2, 2}, at::kDouble, NormActivation::kRelu6);
  const Sizes parts{3, 2};
  constexpr double kStep = 1e-5;
  // Of each rank the losses with each value of the whole batch more and less, and its gradient.
  struct Differences {
    at::Tensor more, less, gradient;
  };
  const auto ranks = on_threads(2, [&](const ic::Group& group) {
    const at::Tensor gradient = part_of(c.gradient, parts, group.rank());
    const auto loss = [&](std::int64_t i, double step) {
      at::Tensor x = c.x.clone();
      x.view(-1)[i] += step;
      const c10::NoGradGuard no_grad;
      torch::nn::BatchNorm1d norm(2);
      norm->to(at::kDouble);
      const ic::SynchronisedBatchNorm scope(group);
      const at::Tensor y =
          ic::adjusted_norm(norm, part_of(x, parts, group.rank()), {}, c.activation);
      return (y * gradient).sum();
    };
    Tensors more, less;
    for (std::int64_t i = 0; i < c.x.numel(); ++i) {
      more.push_back(loss(i, kStep));
      less.push_back(loss(i, -kStep));
    }
    torch::nn::BatchNorm1d norm(2);
    norm->to(at::kDouble);
    const at::Tensor x = part_of(c.x, parts, group.rank()).clone().requires_grad_();
    const ic::SynchronisedBatchNorm scope(group);
    ic::adjusted_norm(norm, x, {}, c.activation).backward(gradient);
    return Differences{at::stack(more), at::stack(less), x.grad()};
  });
  const at::Tensor numeric =
      (ranks[0].more + ranks[1].more - ranks[0].less - ranks[1].less) / (2 * kStep);
  CHECK(distance(at::cat({ranks[0].gradient, ranks[1].gradient}).view(-1), numeric) < 1e-7);
}

TEST_CASE("moments of several ranks do not cancel") {
  at::manual_seed(4);
  const at::Tensor x = at::randn({9, 3, 4}, at::kDouble) + 1e8;
  const auto ranks = on_threads(2, [&](const ic::Group& group) {
    return ic::group_moments(part_of(x, {5, 4}, group.rank()), group);
  });
  for (const ic::GroupMoments& moments : ranks) {
    CHECK(moments.count.item<double>() == 36);
    CHECK(distance(moments.variance, x.var(at::IntArrayRef{0, 2}, /*unbiased=*/false)) < 1e-6);
    CHECK(distance(moments.mean, x.mean(at::IntArrayRef{0, 2})) < 1e-6);
  }
}

TEST_CASE("a convolution and its BatchNorm are over all ranks, too") {
  at::manual_seed(5);
  torch::nn::Conv2d convolution(torch::nn::Conv2dOptions(3, 4, 3).bias(false));
  const at::Tensor x = at::randn({5, 3, 6, 6});
  const auto pass = [&](ic::Precision precision, const at::Tensor& part, const ic::Group& group) {
    const c10::NoGradGuard no_grad;
    torch::nn::BatchNorm2d norm(4);
    auto shared = convolution;
    const ic::SynchronisedBatchNorm scope(group);
    const ic::PrecisionScope rounding(precision, at::kCPU);
    return ic::convolution_norm(shared, norm, part, {}, NormActivation::kRelu);
  };
  for (const ic::Precision precision : {ic::Precision::kFloat32, ic::Precision::kBfloat16}) {
    const auto ranks = on_threads(2, [&](const ic::Group& group) {
      return pass(precision, part_of(x, {3, 2}, group.rank()), group);
    });
    const bool is_narrow = precision == ic::Precision::kBfloat16;
    CHECK(ranks[0].scalar_type() == (is_narrow ? at::kBFloat16 : at::kFloat));
    CHECK(distance(at::cat(ranks), pass(precision, x, {})) < (is_narrow ? 0.05 : 1e-5));
  }
}

TEST_CASE("a network's gradients, summed over ranks, are the whole batch's") {
  at::manual_seed(7);
  const auto options = torch::nn::Conv2dOptions(3, 4, 3).bias(false);
  torch::nn::Conv2d left(options), right(options);
  left->to(at::kDouble);
  right->to(at::kDouble);
  const at::Tensor x = at::randn({7, 3, 6, 6}, at::kDouble);
  const at::Tensor target = at::randn({7, 4}, at::kDouble);
  // Of two branches that meet, and a mean loss weighted by the rank's share of the examples.
  const auto gradients = [&](const at::Tensor& examples, const at::Tensor& targets,
                             const ic::Group& group) {
    torch::nn::Conv2d a(options), b(options);
    torch::nn::BatchNorm2d norms[3] = {torch::nn::BatchNorm2d(4), torch::nn::BatchNorm2d(4),
                                       torch::nn::BatchNorm2d(4)};
    a->weight = left->weight.detach().clone().requires_grad_();
    b->weight = right->weight.detach().clone().requires_grad_();
    for (auto& norm : norms) norm->to(at::kDouble);
    const ic::SynchronisedBatchNorm scope(group);
    const at::Tensor sum = ic::convolution_norm(a, norms[0], examples, {}, NormActivation::kRelu) +
                           ic::convolution_norm(b, norms[1], examples);
    const at::Tensor y = ic::adjusted_norm(norms[2], sum, {}, NormActivation::kRelu);
    const at::Tensor loss = at::mse_loss(y.mean(at::IntArrayRef{2, 3}), targets);
    const double fraction = static_cast<double>(examples.size(0)) / 7;
    return torch::autograd::grad({loss * fraction}, {a->weight, b->weight, norms[0]->weight,
                                                     norms[1]->weight, norms[2]->bias});
  };
  const Tensors whole = gradients(x, target, {});
  const Sizes parts{3, 2, 2};
  const auto ranks = on_threads(3, [&](const ic::Group& group) {
    return gradients(part_of(x, parts, group.rank()), part_of(target, parts, group.rank()), group);
  });
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK(distance(ranks[0][i] + ranks[1][i] + ranks[2][i], whole[i]) < 1e-12);
    CHECK(whole[i].abs().max().item<double>() > 1e-3);
  }
}

TEST_CASE("one value a channel is enough where the group has more, and counts are the group's") {
  const at::Tensor x = at::randn({2, 3}, at::kDouble);
  const Case c{x, at::randn({2, 3}, at::kDouble)};
  check_equals_whole<torch::nn::BatchNorm1d>(c, {1, 1}, 1e-12);

  const auto counts = on_threads(2, [&](const ic::Group& group) {
    torch::nn::BatchNorm1d norm(3);
    const ic::detail::NormalisedValues values;
    const ic::SynchronisedBatchNorm scope(group);
    ic::adjusted_norm(norm, at::randn({group.is_first() ? 2 : 1, 3, 5}));
    return values.of(norm->running_mean).value_or(0);
  });
  CHECK(counts == Sizes{15, 15});

  const auto batches = on_threads(2, [&](const ic::Group& group) -> std::pair<std::string, int> {
    torch::nn::BatchNorm1d norm(3);
    const ic::SynchronisedBatchNorm scope(group);
    try {
      ic::adjusted_norm(norm, at::randn({group.is_first() ? 0 : 1, 3}));
    } catch (const c10::Error& error) {
      return {error.what_without_backtrace(), norm->num_batches_tracked.item<int>()};
    }
    return {};
  });
  for (const auto& [message, count] : batches) {
    CHECK_THAT(message, Contains("more than 1 value per channel over all ranks, got a tensor ["));
    CHECK(count == 0);
  }
}

TEST_CASE("what is not over all ranks runs as without a group, and asks no other rank") {
  at::manual_seed(6);
  const at::Tensor x = at::randn({4, 6, 5, 3}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto outputs = [&](bool training) {
    torch::nn::BatchNorm2d norm(6),
        stateless(torch::nn::BatchNorm2dOptions(6).track_running_stats(false));
    norm->train(training);
    stateless->eval();  // normalises by the batch all the same
    return Tensors{ic::adjusted_norm(norm, x).detach(), ic::adjusted_norm(stateless, x).detach(),
                   norm->running_var};
  };
  const auto equal = [](const Tensors& a, const Tensors& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!same_bits(a[i], b[i])) return false;
    }
    return true;
  };
  const Tensors alone = outputs(true), evaluated = outputs(false);
  {
    const ic::SynchronisedBatchNorm scope((ic::Group()));
    CHECK(equal(outputs(true), alone));
  }
  // Rank 1 takes no part: a collective would end by the timeout.
  const auto right = on_threads(2,
                                [&](const ic::Group& group) {
                                  if (!group.is_first()) return true;
                                  const ic::SynchronisedBatchNorm scope(group);
                                  if (!equal(outputs(false), evaluated)) return false;
                                  const ic::SynchronisedBatchNorm own((ic::Group()));
                                  return equal(outputs(true), alone);
                                },
                                {.timeout = std::chrono::seconds(5)});
  CHECK((right[0] && right[1]));
}

TEST_CASE("a second derivative over ranks is refused, and wrong channels are named") {
  const auto with = [&](const at::Tensor& input) {
    on_threads(2, [&](const ic::Group& group) {
      torch::nn::BatchNorm1d norm(3);
      const at::Tensor x = input.clone().requires_grad_();
      const ic::SynchronisedBatchNorm scope(group);
      const at::Tensor y = ic::adjusted_norm(norm, x);
      return torch::autograd::grad({y.square().sum()}, {x}, {}, {}, /*create_graph=*/true);
    });
  };
  CHECK_THROWS_WITH(with(at::randn({4, 3})), Contains("has no second derivative"));
  CHECK_THROWS_WITH(with(at::randn({4, 2})),
                    Contains("a BatchNorm of 3 channels got a tensor [4, 2]"));
}
