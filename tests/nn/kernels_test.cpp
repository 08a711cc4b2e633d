// The fused kernels against compositions of libtorch's operators and against finite differences.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <c10/util/BFloat16.h>
#include <c10/util/bit_cast.h>

#include "interchoice/nn/kernels/average_pool.hpp"
#include "interchoice/nn/kernels/bfloat16_rows.hpp"
#include "interchoice/nn/kernels/node_sum.hpp"
#include "interchoice/nn/kernels/vector_relu.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Tensors = std::vector<at::Tensor>;
using Function = std::function<at::Tensor(const Tensors&)>;

namespace {

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

struct Size {
  std::int64_t n, c, h, w;
};
// Single rows, columns and pixels; odd channels; more rows than one task of a kernel takes.
const std::vector<Size> kSizes{{1, 1, 1, 1}, {1, 3, 1, 5},   {2, 17, 5, 1}, {3, 3, 1, 1},
                               {1, 1, 4, 3}, {2, 4, 2, 2},   {2, 3, 2, 5},  {2, 17, 3, 4},
                               {1, 8, 3, 3}, {5, 16, 16, 16}};

std::string text(const Size& s) {
  return std::to_string(s.n) + "x" + std::to_string(s.c) + "x" + std::to_string(s.h) + "x" +
         std::to_string(s.w);
}

at::Tensor random(const Size& s, at::ScalarType type = at::kFloat) {
  return at::randn({s.n, s.c, s.h, s.w}, type).contiguous(kChannelsLast);
}

at::Tensor leaf(const at::Tensor& x) { return x.detach().clone().requires_grad_(); }

at::Tensor broadcast(const at::Tensor& vector) { return vector.view({1, -1, 1, 1}); }

ic::DeferredBias deferred(const at::Tensor& value, const at::Tensor& vector = {}) {
  return {value, vector};
}

at::Tensor sum_of(const std::vector<ic::DeferredBias>& terms, const at::Tensor& like = {}) {
  return ic::node_sum(terms, like);
}

/// Gradients of the sum of f(inputs) * weight.
Tensors gradients(const Function& f, const Tensors& inputs, const at::Tensor& weight) {
  Tensors leaves;
  for (const at::Tensor& input : inputs) leaves.push_back(leaf(input));
  return torch::autograd::grad({(f(leaves) * weight).sum()}, leaves);
}

/// The largest deviation of the gradients from central differences, in float64.
double deviation_from_differences(const Function& f, const Tensors& inputs) {
  const at::Tensor weight = at::randn_like(f(inputs));
  const Tensors analytic = gradients(f, inputs, weight);
  double largest = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const at::Tensor gradient = analytic[i].contiguous();
    const at::Tensor start = inputs[i].contiguous().flatten();
    for (std::int64_t k = 0; k < start.numel(); ++k) {
      const auto value = [&](double step) {
        const at::Tensor moved = start.clone();
        moved[k] += step;
        Tensors changed = inputs;
        changed[i] = inputs[i].dim() == 4 ? moved.view(inputs[i].sizes()).contiguous(kChannelsLast)
                                          : moved.view(inputs[i].sizes());
        return (f(changed) * weight).sum().item<double>();
      };
      const double difference = (value(1e-5) - value(-1e-5)) / 2e-5;
      largest = std::max(largest, std::abs(difference - gradient.flatten()[k].item<double>()));
    }
  }
  return largest;
}

/// Values and gradients of two functions; exact for the value and for inputs of four dimensions
/// where asked for, otherwise to the precision of the type.
void check_same(const Function& ours, const Function& theirs, const Tensors& inputs,
                bool exact_value, bool exact_gradient) {
  const Tensors before = [&] {
    Tensors copies;
    for (const at::Tensor& input : inputs) copies.push_back(input.clone());
    return copies;
  }();
  const double tolerance = inputs[0].scalar_type() == at::kDouble ? 1e-12 : 2e-5;
  const at::Tensor a = ours(inputs);
  const at::Tensor b = theirs(inputs);
  CHECK(a.strides() == b.strides());
  CHECK(a.scalar_type() == b.scalar_type());
  CHECK((exact_value ? at::equal(a, b) : at::allclose(a, b, tolerance, tolerance)));
  const at::Tensor weight = at::randn_like(b);
  const Tensors g = gradients(ours, inputs, weight);
  const Tensors h = gradients(theirs, inputs, weight);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    INFO("input " << i);
    const bool exact = exact_gradient && inputs[i].dim() == 4;
    const double scale = tolerance * std::max(1.0, h[i].abs().max().item<double>());
    CHECK((exact ? at::equal(g[i], h[i]) : at::allclose(g[i], h[i], tolerance, scale)));
    CHECK(at::equal(inputs[i], before[i]));
  }
}

const Function kVectorRelu = [](const Tensors& in) { return ic::vector_relu(in[0], in[1]); };
const Function kPlainVectorRelu = [](const Tensors& in) {
  return at::relu(in[0] + broadcast(in[1]));
};
const Function kSum = [](const Tensors& in) {
  return sum_of({deferred(in[0]), deferred(in[1]), deferred(in[2])});
};
const Function kShiftedSum = [](const Tensors& in) {
  return sum_of({deferred(in[0], in[2]), deferred(in[1], in[3])});
};
const Function kPlainShiftedSum = [](const Tensors& in) {
  return in[0] + in[1] + broadcast(in[2] + in[3]);
};

Function pool(bool count_include_pad) {
  return [=](const Tensors& in) {
    return ic::average_pool3x3(in[0], in.size() > 1 ? in[1] : at::Tensor(), count_include_pad);
  };
}
Function plain_pool(bool count_include_pad) {
  return [=](const Tensors& in) {
    return at::avg_pool2d(in.size() > 1 ? in[0] + broadcast(in[1]) : in[0], {3, 3}, {1, 1}, {1, 1},
                          false, count_include_pad);
  };
}

}  // namespace

TEST_CASE("kernels equal compositions of libtorch's operators, in every size") {
  at::manual_seed(1);
  for (const auto type : {at::kFloat, at::kDouble}) {
    for (const Size& size : kSizes) {
      INFO(text(size) << " " << c10::toString(type));
      const at::Tensor x = random(size, type);
      const at::Tensor y = random(size, type);
      const at::Tensor z = random(size, type);
      const at::Tensor v = at::randn({size.c}, type);
      const at::Tensor u = at::randn({size.c}, type);
      check_same(kVectorRelu, kPlainVectorRelu, {x, v}, true, true);
      check_same(kVectorRelu, kPlainVectorRelu, {at::relu(x), at::zeros_like(v)}, true, true);
      for (const bool pad : {true, false}) {
        INFO("pool, count_include_pad " << pad);
        check_same(pool(pad), plain_pool(pad), {x}, true, true);
        check_same(pool(pad), plain_pool(pad), {x, v}, false, false);
      }
      INFO("sums");
      check_same(
          kSum, [](const Tensors& in) { return in[0] + in[1] + in[2]; }, {x, y, z}, true, true);
      check_same(kShiftedSum, kPlainShiftedSum, {x, y, v, u}, true, true);
      check_same([](const Tensors& in) { return sum_of({deferred(in[0], in[1])}); },
                 [](const Tensors& in) { return in[0] + broadcast(in[1]); }, {x, v}, true, true);
      check_same(
          [](const Tensors& in) {
            return sum_of({deferred(in[0]), deferred({}), deferred(in[1], in[5]), deferred(in[2]),
                           deferred(in[3]), deferred(in[4])});
          },
          [](const Tensors& in) {
            return in[0] + in[1] + in[2] + in[3] + in[4] + broadcast(in[5]);
          },
          {x, y, z, x * y, y * z, v}, true, true);
    }
  }
}

TEST_CASE("gradients are those of finite differences") {
  at::manual_seed(2);
  for (const Size& size :
       {Size{1, 1, 1, 1}, Size{2, 3, 1, 4}, Size{1, 2, 3, 1}, Size{2, 3, 4, 3}}) {
    INFO(text(size));
    const at::Tensor x = random(size, at::kDouble);
    const at::Tensor y = random(size, at::kDouble);
    const at::Tensor z = random(size, at::kDouble);
    const at::Tensor v = at::randn({size.c}, at::kDouble);
    const at::Tensor u = at::randn({size.c}, at::kDouble);
    constexpr double kTolerance = 1e-8;
    CHECK(deviation_from_differences(kVectorRelu, {x, v}) < kTolerance);
    CHECK(deviation_from_differences(pool(true), {x}) < kTolerance);
    CHECK(deviation_from_differences(pool(false), {x, v}) < kTolerance);
    CHECK(deviation_from_differences(pool(true), {x, v}) < kTolerance);
    CHECK(deviation_from_differences(kSum, {x, y, z}) < kTolerance);
    CHECK(deviation_from_differences(kShiftedSum, {x, y, v, u}) < kTolerance);
    // A value used twice, and a kernel behind a kernel.
    CHECK(deviation_from_differences(
              [](const Tensors& in) {
                const at::Tensor h = ic::vector_relu(in[0], in[1]);
                return sum_of({deferred(h, in[1]), deferred(ic::average_pool3x3(h, in[1], true)),
                               deferred(h * h)});
              },
              {x, v}) < 1e-7);
  }
}

TEST_CASE("other layouts, types and vectors take libtorch's operators and agree") {
  at::manual_seed(3);
  const Size size{2, 5, 4, 6};
  const auto check_all = [](const at::Tensor& x, const at::Tensor& y, const at::Tensor& v) {
    check_same(kVectorRelu, kPlainVectorRelu, {x, v}, true, true);
    check_same(pool(true), plain_pool(true), {x, v}, false, false);
    check_same(pool(false), plain_pool(false), {x}, true, true);
    check_same(
        kSum, [](const Tensors& in) { return in[0] + in[1] + in[2]; }, {x, y, x * y}, true, true);
    check_same(kShiftedSum, kPlainShiftedSum, {x, y, v, v * v}, true, true);
  };
  const at::Tensor x = random(size);
  const at::Tensor y = random(size);
  const at::Tensor v = at::randn({size.c});
  check_all(x.contiguous(), y.contiguous(), v);  // channels first
  check_all(x, y.contiguous(), v);               // both
  check_all(x.transpose(2, 3), y.transpose(2, 3), v);
  check_all(at::randn({2, 6, 8, 10}).slice(1, 1, 6).slice(2, 2, 6).slice(3, 1, 7), y, v);
  check_all(x, y, at::randn({size.c, 3}).select(1, 1));  // a vector with strides
  check_all(x, y, at::randn({1}).expand({size.c}));
  // Reduced precision: the values of the same operators, exactly.
  for (const auto type : {at::kBFloat16, at::kHalf}) {
    const at::Tensor a = x.to(type);
    const at::Tensor b = v.to(type);
    CHECK(at::equal(ic::vector_relu(a, b), at::relu(a + broadcast(b))));
    CHECK(at::equal(ic::average_pool3x3(a, b, true), plain_pool(true)({a, b})));
    CHECK(at::equal(sum_of({deferred(a), deferred(a), deferred(a, b)}), a + a + a + broadcast(b)));
  }
  // Mixed types are promoted as libtorch promotes them.
  CHECK(ic::vector_relu(x, v.to(at::kDouble)).scalar_type() ==
        (x + broadcast(v.to(at::kDouble))).scalar_type());
  CHECK(sum_of({deferred(x), deferred(y.to(at::kDouble)), deferred(x)}).scalar_type() ==
        at::kDouble);
}

TEST_CASE("bfloat16 and float are converted as libtorch does") {
  std::vector<c10::BFloat16> narrow(65536);
  std::vector<float> wide(narrow.size());
  for (std::size_t i = 0; i < narrow.size(); ++i) narrow[i].x = static_cast<std::uint16_t>(i);
  ic::detail::widen_values(narrow.data(), wide.data(), 65536);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    const float expected = narrow[i];
    wrong += std::memcmp(&wide[i], &expected, sizeof(float)) != 0;
  }
  CHECK(wrong == 0);
  // Every upper half with lower halves at and beside ties; odd lengths, so that ends are met, too.
  for (const std::uint32_t low : {0U, 1U, 0x7fffU, 0x8000U, 0x8001U, 0xffffU}) {
    for (std::uint32_t i = 0; i < 65536; ++i) wide[i] = c10::bit_cast<float>(i << 16 | low);
    for (const std::int64_t size : {std::int64_t{65536}, std::int64_t{65521}}) {
      ic::detail::round_values(wide.data(), narrow.data(), size);
      for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
        wrong += narrow[i].x != c10::BFloat16(wide[i]).x;
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("bfloat16 values beside float vectors are computed in float and rounded once") {
  at::manual_seed(6);
  constexpr double kRounding = 1.0 / 256;  // half a unit in the last of 8 bits
  const std::vector<std::pair<std::string, Function>> kernels{
      {"relu", kVectorRelu},
      {"pool", pool(true)},
      {"pool of pixels inside", pool(false)},
      {"sum",
       [](const Tensors& in) {
         return sum_of({deferred(in[0]), deferred(in[0], in[1])});
       }},
      {"sum of five", [](const Tensors& in) {
         return sum_of({deferred(in[0], in[1]), deferred(in[0]), deferred(in[0]), deferred(in[0]),
                        deferred(in[0])});
       }}};
  for (const Size& size : kSizes) {
    const at::Tensor x = random(size).to(at::kBFloat16);
    const at::Tensor v = at::randn({size.c});
    const at::Tensor weight = random(size).to(at::kBFloat16);
    for (const auto& [name, f] : kernels) {
      INFO(name << " " << text(size));
      const at::Tensor y = f({x, v});
      CHECK(y.scalar_type() == at::kBFloat16);
      CHECK(y.strides() == x.strides());
      CHECK(at::equal(y, f({x.to(at::kFloat), v}).to(at::kBFloat16)));
      const at::Tensor exact = f({x.to(at::kDouble), v.to(at::kDouble)});
      CHECK(((y - exact).abs() <= kRounding * exact.abs() + 1e-5).all().item<bool>());

      const Tensors g = gradients(f, {x, v}, weight);
      const Tensors h =
          gradients(f, {x.to(at::kDouble), v.to(at::kDouble)}, weight.to(at::kDouble));
      REQUIRE(g[0].scalar_type() == at::kBFloat16);
      REQUIRE(g[1].scalar_type() == at::kFloat);  // no sum of a row is rounded to bfloat16
      // A value used n times gets n gradients, which autograd adds and rounds n - 1 times.
      const double count = name == "sum of five" ? 9 : 2;
      CHECK(((g[0] - h[0]).abs() <= count * kRounding * h[0].abs() + 1e-5).all().item<bool>());
      const double values = static_cast<double>(x.numel() / size.c);
      CHECK(((g[1] - h[1]).abs() <= values * 1e-6).all().item<bool>());
    }
    const at::Tensor z = random(size).to(at::kBFloat16);
    const at::Tensor sum = sum_of({deferred(x), deferred(z), deferred(weight)});
    CHECK(at::equal(sum, (x.to(at::kFloat) + z + weight).to(at::kBFloat16)));
    CHECK(at::equal(ic::average_pool3x3(x, {}, true),
                    plain_pool(true)({x.to(at::kFloat)}).to(at::kBFloat16)));
  }
}

TEST_CASE("without gradients ReLU and 2x2 pool equal libtorch's operators to the bit") {
  at::manual_seed(16);
  const c10::NoGradGuard no_grad;
  constexpr auto kLast = at::MemoryFormat::ChannelsLast;
  const auto same = [](const at::Tensor& a, const at::Tensor& b) {
    return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
           a.strides() == b.strides() &&
           std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0;
  };
  for (const std::int64_t size : {6, 7}) {
    for (const std::int64_t channels : {1, 5, 16, 33}) {
      for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
        INFO(size << " pixels, " << channels << " channels, " << c10::toString(type));
        const at::Tensor x = at::randn({3, channels, size, 8}, type).contiguous(kLast);
        CHECK(same(ic::vector_relu(x, {}), at::relu(x)));
        const at::Tensor pooled = at::avg_pool2d(x, {2, 2}, {2, 2}, {0, 0}, true);
        CHECK(same(ic::average_pool2x2(x), pooled));
      }
      const at::Tensor x = at::randn({3, channels, size, 8}).to(at::kBFloat16).contiguous(kLast);
      CHECK(at::equal(ic::vector_relu(x, {}), at::relu(x)));
      const at::Tensor wide = at::avg_pool2d(x.to(at::kFloat), {2, 2}, {2, 2}, {0, 0}, true);
      CHECK(at::equal(ic::average_pool2x2(x), wide.to(at::kBFloat16)));
    }
  }
  // All bfloat16 numbers, not-a-numbers and infinities among them.
  std::vector<c10::BFloat16> from(65536), to(65536);
  for (std::size_t i = 0; i < from.size(); ++i) from[i].x = static_cast<std::uint16_t>(i);
  ic::detail::relu_values(from.data(), to.data(), 65536);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const float value = from[i];
    const float result = to[i];
    wrong += std::isnan(value) ? !std::isnan(result) : result != std::max(value, 0.0F);
  }
  CHECK(wrong == 0);
}

TEST_CASE("a node of bfloat16 and of float terms") {
  at::manual_seed(7);
  const at::Tensor wide = random({2, 3, 4, 5});
  const at::Tensor x = wide.to(at::kBFloat16);
  const at::Tensor v = at::randn({3});
  // The widest of the values decides, never the vector.
  CHECK(at::equal(sum_of({deferred(x), deferred(wide), deferred(x)}), x + wide + x));
  CHECK(at::equal(sum_of({deferred(x, v), deferred(wide)}), x + wide + broadcast(v)));
  const at::Tensor first = x.contiguous();  // channels first: libtorch's operators
  CHECK(at::equal(sum_of({deferred(first), deferred(first, v)}),
                  (first + first + broadcast(v)).to(at::kBFloat16)));
  CHECK(at::equal(ic::vector_relu(first, v), ic::vector_relu(x, v)));
  CHECK(ic::average_pool3x3(first, v, true).scalar_type() == at::kBFloat16);
  // The gradient of each is of its own type.
  const at::Tensor a = leaf(x);
  const at::Tensor b = leaf(wide);
  const at::Tensor row = leaf(v);
  sum_of({deferred(a, row), deferred(b), deferred(a)}).sum().backward();
  CHECK(at::equal(a.grad(), at::full_like(a, 2)));
  CHECK(at::equal(b.grad(), at::ones_like(b)));
  CHECK(at::equal(row.grad(), at::full_like(row, 2 * 4 * 5)));
}

TEST_CASE("what a sum is made of decides what is computed") {
  const at::Tensor x = random({2, 3, 4, 5});
  const at::Tensor v = at::randn({3});
  CHECK(sum_of({deferred(x)}).is_same(x));
  CHECK(sum_of({deferred({}), deferred(x), deferred({})}).is_same(x));
  const at::Tensor nothing = sum_of({deferred({}), deferred({})}, x);
  CHECK(at::equal(nothing, at::zeros_like(x)));
  CHECK(nothing.strides() == x.strides());
  CHECK_FALSE(nothing.requires_grad());
  CHECK(at::equal(sum_of({}, x), at::zeros_like(x)));
  CHECK(at::equal(sum_of({deferred({}, v), deferred(x)}), x));  // the vector of nothing is nothing
  CHECK(at::equal(ic::average_pool3x3(x, {}, true), plain_pool(true)({x})));
}

TEST_CASE("gradients reach each input alone and come from any gradient's layout") {
  const at::Tensor x = random({2, 3, 4, 5}, at::kDouble);
  const at::Tensor v = at::randn({3}, at::kDouble);
  using Two = std::function<at::Tensor(const at::Tensor&, const at::Tensor&)>;
  const std::vector<Two> ours{
      [](const at::Tensor& a, const at::Tensor& b) { return ic::vector_relu(a, b); },
      [](const at::Tensor& a, const at::Tensor& b) { return ic::average_pool3x3(a, b, true); },
      [](const at::Tensor& a, const at::Tensor& b) {
        return sum_of({deferred(a), deferred(a, b), deferred(a)});
      }};
  const std::vector<Two> theirs{
      [](const at::Tensor& a, const at::Tensor& b) { return at::relu(a + broadcast(b)); },
      [](const at::Tensor& a, const at::Tensor& b) {
        return plain_pool(true)({a, b});
      },
      [](const at::Tensor& a, const at::Tensor& b) { return a + a + a + broadcast(b); }};
  const std::vector<std::function<at::Tensor(const at::Tensor&)>> ends{
      [](const at::Tensor& y) { return y.sum(); },  // expanded
      [](const at::Tensor& y) {
        return (y.contiguous() * y.contiguous()).sum();
      },  // channels first
      [](const at::Tensor& y) { return y.transpose(2, 3).flatten(1).cumsum(1).sum(); },
      [](const at::Tensor& y) { return y.slice(2, 1, 3).square().sum(); }};
  for (std::size_t i = 0; i < ours.size(); ++i) {
    for (const auto& end : ends) {
      for (const int needed : {1, 2, 3}) {
        INFO("kernel " << i << ", inputs " << needed);
        at::Tensor a[2], b[2];
        for (int side = 0; side < 2; ++side) {
          a[side] = x.detach().clone().requires_grad_((needed & 1) != 0);
          b[side] = v.detach().clone().requires_grad_((needed & 2) != 0);
          end((side == 0 ? ours : theirs)[i](a[side], b[side])).backward();
        }
        CHECK(a[0].grad().defined() == ((needed & 1) != 0));
        CHECK(b[0].grad().defined() == ((needed & 2) != 0));
        if (needed & 1) CHECK(at::allclose(a[0].grad(), a[1].grad(), 1e-12, 1e-12));
        if (needed & 2) CHECK(at::allclose(b[0].grad(), b[1].grad(), 1e-12, 1e-12));
      }
      const c10::AutoGradMode no_grad(false);
      CHECK_FALSE(ours[i](x.detach().clone().requires_grad_(), v).requires_grad());
    }
  }
}

TEST_CASE("not-a-number and infinity pass as through libtorch's operators") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const at::Tensor narrow = at::tensor({nan, -infinity, infinity, -1.0}).view({1, 4, 1, 1});
  const at::Tensor passed =
      ic::vector_relu(narrow.to(at::kBFloat16).contiguous(kChannelsLast), at::zeros({4}));
  CHECK(at::allclose(passed.to(at::kDouble), at::relu(narrow), 0, 0, /*equal_nan=*/true));
  for (const auto type : {at::kFloat, at::kDouble}) {
    at::Tensor x = random({1, 2, 3, 3}, type);
    x[0][0][1][1] = nan;
    x[0][1][0][2] = -infinity;
    x[0][1][2][0] = infinity;
    for (const double shift : {0.5, nan, infinity}) {
      const at::Tensor v = at::full({2}, shift, type);
      const auto same = [&](const Function& ours, const Function& theirs, const Tensors& inputs) {
        const at::Tensor a = ours(inputs);
        CHECK(at::allclose(a, theirs(inputs), 1e-6, 1e-6, /*equal_nan=*/true));
        const at::Tensor weight = at::ones_like(a);
        const Tensors g = gradients(ours, inputs, weight);
        const Tensors h = gradients(theirs, inputs, weight);
        for (std::size_t i = 0; i < g.size(); ++i)
          CHECK(at::allclose(g[i], h[i], 1e-6, 1e-6, true));
      };
      same(kVectorRelu, kPlainVectorRelu, {x, v});
      same(pool(true), plain_pool(true), {x, v});
      same(kShiftedSum, kPlainShiftedSum, {x, x * 2, v, v});
    }
    CHECK(ic::vector_relu(x, at::zeros({2}, type))[0][0][1][1].isnan().item<bool>());
  }
}

TEST_CASE("a second derivative is refused, not zero") {
  using Catch::Matchers::Contains;
  const at::Tensor x = leaf(random({2, 3, 4, 4}, at::kDouble));
  const at::Tensor v = leaf(at::randn({3}, at::kDouble));
  const auto second = [&](const at::Tensor& y) {
    const auto first =
        torch::autograd::grad({y.square().sum()}, {x, v}, {}, std::nullopt, true, true);
    torch::autograd::grad({first[0].square().sum()}, {x});
  };
  const std::string rest = " has no second derivative; call backward without create_graph";
  CHECK_THROWS_WITH(second(ic::vector_relu(x, v)), Contains("interchoice: vector_relu" + rest));
  CHECK_THROWS_WITH(second(ic::average_pool3x3(x, v, true)),
                    Contains("interchoice: average_pool3x3" + rest));
  CHECK_THROWS_WITH(second(sum_of({deferred(x, v), deferred(x)})),
                    Contains("interchoice: node_sum" + rest));
  // A sum without a vector is linear and hands on what it gets.
  const at::Tensor y = sum_of({deferred(x * x), deferred(x), deferred(x)});
  const auto first = torch::autograd::grad({y.sum()}, {x}, {}, std::nullopt, true);
  CHECK(at::equal(torch::autograd::grad({first[0].sum()}, {x})[0], at::full_like(x, 2)));
}

TEST_CASE("empty tensors and vectors of another size behave as in libtorch") {
  const at::Tensor no_image = at::zeros({0, 3, 4, 4}).contiguous(kChannelsLast);
  const at::Tensor no_channel = at::zeros({2, 0, 4, 4}).contiguous(kChannelsLast);
  const at::Tensor v = at::randn({3});
  CHECK(ic::vector_relu(no_image, v).sizes() == no_image.sizes());
  CHECK(ic::average_pool3x3(no_image, v, true).sizes() == no_image.sizes());
  CHECK(sum_of({deferred(no_image), deferred(no_image), deferred(no_image, v)}).sizes() ==
        no_image.sizes());
  CHECK(ic::vector_relu(no_channel, at::zeros({0})).sizes() == no_channel.sizes());
  CHECK_THROWS_AS(ic::average_pool3x3(at::zeros({1, 3, 2, 0}).contiguous(kChannelsLast), {}, true),
                  c10::Error);
  const at::Tensor x = random({2, 3, 4, 4});
  CHECK_THROWS_AS(ic::vector_relu(x, at::zeros({2})), c10::Error);
  CHECK_THROWS_AS(ic::average_pool3x3(x, at::zeros({4}), true), c10::Error);
  CHECK_THROWS_AS(sum_of({deferred(x, at::zeros({2}))}), c10::Error);
}

TEST_CASE("a sum of different shapes is refused, not broadcast") {
  using Catch::Matchers::Contains;
  const at::Tensor x = random({2, 3, 4, 4});
  const at::Tensor small = random({2, 3, 1, 1});
  for (const auto& terms :
       {std::vector{deferred(x), deferred(small)},
        std::vector{deferred(x), deferred(x), deferred(small)},
        std::vector{deferred(small), deferred({}), deferred(x, at::zeros({3}))}}) {
    CHECK_THROWS_WITH(sum_of(terms), Contains("interchoice: node_sum needs terms of one shape") &&
                                         Contains("[2, 3, 4, 4]") && Contains("[2, 3, 1, 1]"));
  }
}

#ifdef _OPENMP
TEST_CASE("two threads run, and give the same bits as one") {
  at::manual_seed(4);
  const int before = at::get_num_threads();
  const auto results = [](int threads) {
    at::set_num_threads(threads);
    at::manual_seed(5);
    Tensors all;
    for (const Size& size :
         {Size{3, 5, 40, 33}, Size{64, 16, 16, 16}, Size{1, 3, 50, 50}, Size{2048, 24, 2, 1}}) {
      for (const auto type : {at::kFloat, at::kDouble, at::kBFloat16}) {
        const at::Tensor x = random(size, at::kDouble).to(type);
        const at::Tensor y = random(size, at::kDouble).to(type);
        const at::Tensor v = at::randn({size.c}, type == at::kBFloat16 ? at::kFloat : type);
        const at::Tensor weight = random(size, at::kDouble).to(type);
        const auto add = [&](const Function& f, const Tensors& inputs) {
          all.push_back(f(inputs));
          for (const at::Tensor& g : gradients(f, inputs, weight)) all.push_back(g);
        };
        add(kVectorRelu, {x, v});
        add(pool(true), {x, v});
        add(pool(false), {x});
        add(kSum, {x, y, x * y});
        add(kShiftedSum, {x, y, v, v * v});
      }
    }
    return all;
  };
  const Tensors one = results(1);
  const Tensors two = results(2);
  REQUIRE(one.size() == two.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    INFO(i);
    CHECK(at::equal(one[i], two[i]));
  }
  // Header code is serial where it is compiled without OpenMP; our target carries it.
  at::set_num_threads(2);
  std::vector<std::thread::id> ids(2);
  at::parallel_for(0, 2, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      ids[static_cast<std::size_t>(i)] = std::this_thread::get_id();
  });
  CHECK(ids[0] != ids[1]);
  at::set_num_threads(before);
}
#endif
