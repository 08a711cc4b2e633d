// Every policy on every kind of tensor: vectors, sequences, images, volumes and tokens, against
// arithmetic on tensors whose channels were moved to the last axis. And the operations for tokens
// and sequences, against loops.

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/core/text.hpp"
#include "interchoice/nn/adjusted_norm.hpp"
#include "interchoice/nn/along_channels.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/cell_blocks.hpp"
#include "interchoice/nn/choice_block.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/average_pool.hpp"
#include "interchoice/nn/operations/relu_convolution_norm.hpp"
#include "interchoice/nn/operations/sequence.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/nn/operations/tokens.hpp"
#include "interchoice/nn/operations/zero.hpp"
#include "interchoice/spaces/cell.hpp"
#include "interchoice/spaces/chain.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;

namespace {

constexpr std::int64_t kChannels = 4;
const auto kDouble = at::TensorOptions(at::kDouble);

bool close(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && at::allclose(a, b, 1e-10, 1e-11);
}

// --- one operation with each normalisation
// --------------------------------------------------------

struct GroupNorms {  // two groups
  using Norm = torch::nn::GroupNorm;
  static Norm make(std::int64_t channels) { return Norm(torch::nn::GroupNormOptions(2, channels)); }
};
struct LayerNorms {
  using Norm = torch::nn::LayerNorm;
  static Norm make(std::int64_t channels) { return Norm(torch::nn::LayerNormOptions({channels})); }
};
template <class BatchNorm>
struct BatchNorms {
  using Norm = BatchNorm;
  static Norm make(std::int64_t channels) { return Norm(channels); }
};

/// y = tanh(norm(x))
template <class Norms>
struct Normed {
  static constexpr std::string_view name = "normed";
  static constexpr ic::Responses responses(const ic::Geometry&) {
    return {.norm_shift = ic::Response::kObserved, .norm_scale = ic::Response::kObserved};
  }
  struct Module : torch::nn::Module {
    explicit Module(const ic::Geometry& g)
        : norm(register_module("norm", Norms::make(g.channels))), channels(g.channels) {}
    at::Tensor forward(const at::Tensor& x) { return forward_adjusted(x, {}); }
    at::Tensor forward_adjusted(const at::Tensor& x, const ic::NormAdjustment& adjustment) {
      return at::tanh(ic::adjusted_norm(norm, x, adjustment));
    }
    std::int64_t norm_channels() const { return channels; }
    typename Norms::Norm norm;
    std::int64_t channels;
  };
  std::shared_ptr<Module> build(const ic::Geometry& g) const { return std::make_shared<Module>(g); }
};

struct NamedNormed {
  static constexpr std::string_view name = "normed";
};
struct NamedSkip {
  static constexpr std::string_view name = "skip_connect";
};
using Space = ic::Chain<2, ic::Candidates<NamedNormed, NamedSkip>>;
using Path = ic::Architecture<Space>;

template <class Norms>
ic::ChoiceOperations operations() {
  return ic::operations_of<ic::Candidates<Normed<Norms>, ic::Skip>>;
}

/// A kind of tensor: sizes, the channels' axis, a normalisation of it.
struct Kind {
  std::string name;
  std::vector<std::int64_t> sizes;
  ic::ChannelAxis axis;
  ic::ChoiceOperations operations;
  /// (x - mean) / sqrt(variance + eps) of x [N, ..., C], computed otherwise.
  std::function<at::Tensor(const at::Tensor&)> normalise;

  ic::Geometry geometry() const { return {.channels = kChannels, .axis = axis}; }
  at::Tensor input(std::uint64_t seed) const {
    at::manual_seed(seed);
    return at::randn(sizes, kDouble) * 2 + 1;
  }
  at::Tensor to_last(const at::Tensor& x) const {
    return axis == ic::ChannelAxis::kLast ? x : x.movedim(1, -1);
  }
  at::Tensor from_last(const at::Tensor& x) const {
    return axis == ic::ChannelAxis::kLast ? x : x.movedim(-1, 1);
  }
};

at::Tensor standardised(const at::Tensor& x, at::IntArrayRef axes) {
  const at::Tensor centred = x - x.mean(axes, true);
  return centred / (centred.square().mean(axes, true) + 1e-5).sqrt();
}
at::Tensor by_channel(const at::Tensor& x) {
  const at::Tensor rows = x.reshape({-1, kChannels});
  return standardised(rows, {0}).view(x.sizes());
}
at::Tensor by_position(const at::Tensor& x) { return standardised(x, {-1}); }
at::Tensor by_group(const at::Tensor& x) {  // two groups of two channels
  return standardised(x.reshape({x.size(0), -1, 2, 2}), {1, 3}).view(x.sizes());
}

std::vector<Kind> kinds() {
  constexpr auto kSecond = ic::ChannelAxis::kSecond;
  constexpr auto kLast = ic::ChannelAxis::kLast;
  return {
      {"vectors", {6, 4}, kSecond, operations<BatchNorms<torch::nn::BatchNorm1d>>(), by_channel},
      {"sequences",
       {4, 4, 3},
       kSecond,
       operations<BatchNorms<torch::nn::BatchNorm1d>>(),
       by_channel},
      {"images",
       {4, 4, 3, 5},
       kSecond,
       operations<BatchNorms<torch::nn::BatchNorm2d>>(),
       by_channel},
      {"volumes",
       {4, 4, 2, 3, 2},
       kSecond,
       operations<BatchNorms<torch::nn::BatchNorm3d>>(),
       by_channel},
      {"tokens", {4, 3, 4}, kLast, operations<LayerNorms>(), by_position},
      {"as many tokens as channels", {4, 4, 4}, kLast, operations<LayerNorms>(), by_position},
      {"grids of tokens", {4, 3, 2, 4}, kLast, operations<LayerNorms>(), by_position},
      {"vectors, channels last", {6, 4}, kLast, operations<LayerNorms>(), by_position},
      {"sequences in groups", {4, 4, 3}, kSecond, operations<GroupNorms>(), by_group},
      {"images in groups", {4, 4, 3, 5}, kSecond, operations<GroupNorms>(), by_group},
      {"volumes in groups", {4, 4, 2, 3, 2}, kSecond, operations<GroupNorms>(), by_group},
  };
}

template <class Policy>
ic::ChoiceBlock<Space, Policy> block_of(const Kind& kind) {
  ic::ChoiceBlock<Space, Policy> block(1, kind.geometry(), ic::Response::kObserved,
                                       kind.operations);
  block->to(at::kDouble);
  ic::testing::randomise(*block, 5);
  return block;
}

/// What a policy selected for an architecture, read from its parameters.
struct Selected {
  at::Tensor factor = at::ones({kChannels}, kDouble);
  at::Tensor vector = at::zeros({kChannels}, kDouble);
  at::Tensor gain = at::ones({kChannels}, kDouble);
  at::Tensor shift = at::zeros({kChannels}, kDouble);
  std::string copy = {};
};

/// y = op(x * factor + vector), its normalisation followed by gain and shift, on the last axis.
template <class Block>
at::Tensor expected(const Kind& kind, Block& block, const at::Tensor& x, const Path& path,
                    const Selected& with) {
  const at::Tensor input = kind.to_last(x) * with.factor + with.vector;
  if (path[1] == 1) return kind.from_last(input);
  const auto parameters = block->named_parameters();
  const at::Tensor normal = kind.normalise(input) * parameters[with.copy + "normed.norm.weight"] +
                            parameters[with.copy + "normed.norm.bias"];
  return kind.from_last(at::tanh(normal * with.gain + with.shift));
}

/// For each kind and architecture: the block against the formula, and a gradient for its tables.
template <class Policy, class Select>
void check_policy(const Select& select) {
  for (const Kind& kind : kinds()) {
    auto block = block_of<Policy>(kind);
    if (!ic::begin_epoch(*block, 0).empty()) ic::testing::randomise(*block, 6);
    for (const Path& path : {Path{0, 0}, Path{1, 0}, Path{0, 1}, Path{1, 1}}) {
      INFO(kind.name << ", " << ic::to_text(path));
      const at::Tensor x = kind.input(path.index());
      const Selected with = select(block->named_parameters(), path);
      const at::Tensor y = block->forward(x, path);
      CHECK(close(y, expected(kind, block, x, path, with)));
      const ic::DeferredBias deferred = block->forward_deferred(x, path);
      CHECK(close(ic::node_sum(std::span(&deferred, 1), x, kind.axis), y));
      CHECK(y.requires_grad() ==
            (path[1] == 0 || with.vector.requires_grad() || with.factor.requires_grad()));
    }
  }
}

using Parameters = torch::OrderedDict<std::string, at::Tensor>;

}  // namespace

TEST_CASE("bias and bias_sum act along the channels of every kind of tensor") {
  check_policy<ic::bias<1>>([](const Parameters& p, const Path& path) {
    return Selected{.vector = p["bias_table"][path[0]][path[1]]};
  });
  check_policy<ic::bias_sum<1>>([](const Parameters& p, const Path& path) {
    return Selected{.vector = p["bias_table0"][path[1]] + p["bias_table1"][path[0]]};
  });
}

TEST_CASE("scale and attention multiply the channels of every kind of tensor") {
  check_policy<ic::scale<1>>([](const Parameters& p, const Path& path) {
    return Selected{.factor = p["scale_table"][path[0]][path[1]]};
  });
  check_policy<ic::attention<1>>([](const Parameters& p, const Path& path) {
    at::Tensor looks_at = at::zeros({4}, kDouble);
    looks_at[path[0]] = 1;
    looks_at[2 + path[1]] = 1;
    return Selected{.factor =
                        at::sigmoid(p["attention0.weight"].mv(looks_at) + p["attention0.bias"])};
  });
}

TEST_CASE("shift and affine act after BatchNorm, LayerNorm and GroupNorm of every kind") {
  check_policy<ic::shift<1>>([](const Parameters& p, const Path& path) {
    return Selected{.shift = p["shift_table.normed"][path[0]]};
  });
  check_policy<ic::affine<1>>([](const Parameters& p, const Path& path) {
    return Selected{.gain = 1 + p["gain_table.normed"][path[0]],
                    .shift = p["shift_table.normed"][path[0]]};
  });
}

TEST_CASE("split copies operations of every kind; policies compose there") {
  check_policy<ic::split<0>>([](const Parameters&, const Path& path) {
    return Selected{.copy = path[0] == 0 ? "" : "copy1."};
  });
  using Both = ic::compose<ic::scale<1>, ic::bias<1>, ic::shift<1>>;
  check_policy<Both>([](const Parameters& p, const Path& path) {
    return Selected{.factor = p["scale_table"][path[0]][path[1]],
                    .vector = p["bias_table"][path[0]][path[1]],
                    .shift = p["shift_table.normed"][path[0]]};
  });
}

TEST_CASE("without a dependency every kind of tensor meets the operation alone, to the bit") {
  for (const Kind& kind : kinds()) {
    INFO(kind.name);
    auto block = block_of<ic::none>(kind);
    const at::Tensor x = kind.input(1);
    const at::Tensor alone = block->bank().at(0, 0).forward(x, {}, {});
    CHECK(at::equal(block->forward(x, Path{1, 0}), alone));
    CHECK(block->forward(x, Path{0, 1}).is_same(x));
  }
}

TEST_CASE("a wrong number of channels on the axis is an error that says what was expected") {
  // Four images' worth of channels: broadcasting would have given a tensor of four axes.
  const at::Tensor tokens = at::randn({4, 3, 4});
  const at::Tensor vector = at::randn({4});
  const auto on = [](ic::ChannelAxis axis) {
    return ic::ChoiceBlock<Space, ic::bias<1>>(1, ic::Geometry{.channels = 4, .axis = axis},
                                               ic::Response::kObserved, operations<LayerNorms>());
  };
  CHECK(on(ic::ChannelAxis::kLast)->forward(tokens, Path{0, 0}).sizes() == tokens.sizes());
  CHECK_THROWS_WITH(on(ic::ChannelAxis::kSecond)->forward(tokens, Path{0, 0}),
                    Contains("interchoice: expected 4 channels on the second axis, [N, C, ...], "
                             "got a tensor [4, 3, 4]; give the location its Geometry"));
  CHECK_THROWS_WITH(on(ic::ChannelAxis::kLast)->forward(tokens.transpose(1, 2), Path{0, 0}),
                    Contains("expected 4 channels on the last axis, [N, ..., C], got a tensor "
                             "[4, 4, 3]"));
  // One channel would be broadcast to four.
  CHECK_THROWS_WITH(ic::along_channels(vector, at::randn({2, 1, 3, 3})), Contains("[2, 1, 3, 3]"));
  CHECK_THROWS_WITH(ic::along_channels(vector, vector), Contains("got a tensor [4]"));
  CHECK_THROWS_WITH(ic::vector_relu(tokens, vector), Contains("expected 4 channels"));
  CHECK(at::equal(ic::vector_relu(tokens, vector, ic::ChannelAxis::kLast),
                  at::relu(tokens + vector)));
  // Four axes in libtorch's channels-last format, but with the channels on the last one.
  const at::Tensor grid = at::randn({2, 4, 3, 4}).contiguous(at::MemoryFormat::ChannelsLast);
  CHECK(at::equal(ic::vector_relu(grid, vector, ic::ChannelAxis::kLast), at::relu(grid + vector)));
  const std::vector<ic::DeferredBias> terms{{grid, vector}, {grid, {}}, {grid, vector}};
  CHECK(at::allclose(ic::node_sum(terms, grid, ic::ChannelAxis::kLast), 3 * grid + 2 * vector));
}

// --- normalisations
// -------------------------------------------------------------------------------

namespace {

/// scale * norm(x) + shift by the module itself, and its running statistics afterwards.
template <class Norm>
void check_norm(const std::function<Norm()>& make, const at::Tensor& x, ic::ChannelAxis axis) {
  for (const bool training : {true, false}) {
    for (const int given : {0, 1, 2, 3}) {
      INFO(x.sizes() << ", training " << training << ", adjustment " << given);
      Norm ours = make();
      Norm theirs = make();
      for (Norm& norm : {std::ref(ours), std::ref(theirs)}) {
        norm->to(at::kDouble);
        norm->train(training);
        ic::testing::randomise(*norm, 8);
      }
      ic::NormAdjustment adjustment;
      at::Tensor y = theirs->forward(x);
      if (given & 1) {
        adjustment.scale = at::randn({kChannels}, kDouble).requires_grad_();
        y = y * ic::along_channels(adjustment.scale, y, axis);
      }
      if (given & 2) {
        adjustment.shift = at::randn({kChannels}, kDouble).requires_grad_();
        y = y + ic::along_channels(adjustment.shift, y, axis);
      }
      const at::Tensor adjusted = ic::adjusted_norm(ours, x, adjustment);
      CHECK(close(adjusted, y));
      const auto buffers = theirs->named_buffers();
      for (const auto& b : ours->named_buffers()) CHECK(at::equal(b.value(), buffers[b.key()]));
      if (given == 0) continue;
      std::vector<at::Tensor> inputs;
      for (const at::Tensor& t : {adjustment.scale, adjustment.shift}) {
        if (t.defined()) inputs.push_back(t);
      }
      const at::Tensor weight = at::randn_like(y);
      const auto a = torch::autograd::grad({(adjusted * weight).sum()}, inputs);
      const auto b = torch::autograd::grad({(y * weight).sum()}, inputs);
      for (std::size_t i = 0; i < a.size(); ++i) CHECK(close(a[i], b[i]));
    }
  }
}

}  // namespace

TEST_CASE("adjusted_norm is scale * norm(x) + shift, with affine parameters and without") {
  at::manual_seed(1);
  constexpr auto kSecond = ic::ChannelAxis::kSecond;
  constexpr auto kLast = ic::ChannelAxis::kLast;
  for (const bool affine : {true, false}) {
    const auto options = torch::nn::BatchNormOptions(kChannels).affine(affine);
    const std::function one = [&] { return torch::nn::BatchNorm1d(options); };
    const std::function two = [&] { return torch::nn::BatchNorm2d(options); };
    const std::function three = [&] { return torch::nn::BatchNorm3d(options); };
    check_norm(one, at::randn({6, 4}, kDouble), kSecond);
    check_norm(one, at::randn({3, 4, 5}, kDouble), kSecond);
    check_norm(two, at::randn({3, 4, 2, 5}, kDouble), kSecond);
    check_norm(three, at::randn({3, 4, 2, 2, 3}, kDouble), kSecond);
    const std::function layer = [&] {
      return torch::nn::LayerNorm(
          torch::nn::LayerNormOptions({kChannels}).elementwise_affine(affine));
    };
    check_norm(layer, at::randn({3, 5, 4}, kDouble), kLast);
    check_norm(layer, at::randn({6, 4}, kDouble), kLast);
    for (const std::int64_t groups : {1, 2, 4}) {
      const std::function group = [&] {
        return torch::nn::GroupNorm(torch::nn::GroupNormOptions(groups, kChannels).affine(affine));
      };
      check_norm(group, at::randn({3, 4, 5}, kDouble), kSecond);
      check_norm(group, at::randn({3, 4, 2, 5}, kDouble), kSecond);
    }
  }
  const at::Tensor x = at::randn({2, 4, 3, 3});
  torch::nn::LayerNorm wide(torch::nn::LayerNormOptions({4, 3, 3}));
  CHECK(at::equal(ic::adjusted_norm(wide, x), wide(x)));
  CHECK_THROWS_WITH(ic::adjusted_norm(wide, x, {{}, at::zeros({4})}),
                    Contains("needs a LayerNorm over the channels alone, got one over [4, 3, 3]; "
                             "use a GroupNorm with one group"));
}

TEST_CASE("a BatchNorm refuses to adjust a batch of one value, and keeps its statistics") {
  const ic::NormAdjustment shift{{}, at::ones({kChannels})};
  const at::Tensor one = at::randn({1, kChannels});
  const auto refuses = [&](torch::nn::BatchNorm1d& norm) {
    CHECK_THROWS_WITH(ic::adjusted_norm(norm, one, shift),
                      Contains("interchoice: a BatchNorm in training mode needs more than 1 value "
                               "per channel, got a tensor [1, 4]; leave a last batch of one"));
  };
  torch::nn::BatchNorm1d norm(kChannels);
  refuses(norm);
  CHECK(norm->num_batches_tracked.item<std::int64_t>() == 0);
  CHECK(at::equal(norm->running_var, at::ones({kChannels})));
  ic::adjusted_norm(norm, at::randn({1, kChannels, 2}), shift);  // two values of a channel
  CHECK(norm->num_batches_tracked.item<std::int64_t>() == 1);
  CHECK(norm->running_var.isfinite().all().item<bool>());
  norm->eval();
  CHECK(at::allclose(ic::adjusted_norm(norm, one, shift), norm(one) + 1));
  torch::nn::BatchNorm1d stateless(
      torch::nn::BatchNorm1dOptions(kChannels).track_running_stats(false));
  stateless->eval();  // takes the batch's statistics all the same
  refuses(stateless);
}

TEST_CASE("convolution_norm folds for sequences, images and volumes") {
  at::NoGradGuard no_grad;
  at::manual_seed(2);
  const auto check = [](auto convolution, auto norm, const at::Tensor& x) {
    for (torch::nn::Module* module : {static_cast<torch::nn::Module*>(convolution.get()),
                                      static_cast<torch::nn::Module*>(norm.get())}) {
      module->to(at::kDouble);
      ic::testing::randomise(*module, 9);
      module->eval();
    }
    for (const at::Tensor& scale : {at::Tensor(), at::randn({5}, kDouble)}) {
      const ic::NormAdjustment adjustment{scale, at::randn({5}, kDouble)};
      const at::Tensor plain = ic::convolution_norm(convolution, norm, x, adjustment);
      const ic::FoldBatchNorm folded;
      const at::Tensor y = ic::convolution_norm(convolution, norm, x, adjustment);
      CHECK(close(y, plain));
      CHECK_FALSE(at::equal(y, plain));  // really folded
    }
  };
  check(torch::nn::Conv1d(torch::nn::Conv1dOptions(4, 5, 3).padding(2).dilation(2)),
        torch::nn::BatchNorm1d(5), at::randn({2, 4, 7}, kDouble));
  check(torch::nn::Conv2d(torch::nn::Conv2dOptions(4, 5, 3).stride(2)), torch::nn::BatchNorm2d(5),
        at::randn({2, 4, 7, 6}, kDouble));
  check(torch::nn::Conv3d(torch::nn::Conv3dOptions(4, 5, 2).bias(false)), torch::nn::BatchNorm3d(5),
        at::randn({2, 4, 3, 4, 3}, kDouble));
}

// --- shapes
// ---------------------------------------------------------------------------------------

TEST_CASE("Zero has the shape that the geometry asks for, of every kind") {
  constexpr ic::Geometry kSecond{.channels = 4, .out_channels = 6, .stride = 2};
  constexpr ic::Geometry kLast{
      .channels = 4, .out_channels = 6, .stride = 2, .axis = ic::ChannelAxis::kLast};
  const auto sizes = [](const ic::Geometry& geometry, std::vector<std::int64_t> input) {
    const at::Tensor y = ic::Zero{}.build(geometry)->forward(at::ones(input));
    CHECK(y.count_nonzero().item<std::int64_t>() == 0);
    CHECK(y.sizes().vec() == geometry.output_sizes(input));
    return y.sizes().vec();
  };
  using Sizes = std::vector<std::int64_t>;
  CHECK(sizes(kSecond, {3, 4}) == Sizes{3, 6});
  CHECK(sizes(kSecond, {3, 4, 5}) == Sizes{3, 6, 3});
  CHECK(sizes(kSecond, {3, 4, 5, 8}) == Sizes{3, 6, 3, 4});
  CHECK(sizes(kSecond, {3, 4, 5, 8, 1}) == Sizes{3, 6, 3, 4, 1});
  CHECK(sizes(kLast, {3, 5, 4}) == Sizes{3, 3, 6});
  CHECK(sizes(kLast, {3, 4}) == Sizes{3, 6});
  const at::Tensor x = at::ones({2, 4, 5, 5}).contiguous(at::MemoryFormat::ChannelsLast);
  CHECK(ic::zeros_behind(x, kSecond).is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST_CASE("a cell of tokens defers vectors along its channels") {
  using Cell = ic::Cell<2, ic::Candidates<ic::Skip, ic::Mlp<1>, ic::Zero>>;
  ic::CellBlocks<Cell, ic::bias<1>> cell(
      0, ic::Geometry{.channels = 4, .axis = ic::ChannelAxis::kLast});
  cell->to(at::kDouble);
  ic::testing::randomise(*cell, 4);
  const at::Tensor x = at::randn({4, 3, 4}, kDouble);
  const ic::Architecture<Cell> path{0, 0, 1};  // skips into nodes 1 and 2, an MLP between them
  const auto p = cell->named_parameters();
  const at::Tensor node1 = x;  // the first edge has no prior
  const at::Tensor skipped = x + p["edge02.bias_table"][0][0];
  const at::Tensor mixed =
      cell->edge(2)->bank().at(0, 1).forward(node1 + p["edge12.bias_table"][0][1], {}, {});
  CHECK(close(cell->forward(x, path), skipped + mixed));
  const ic::Architecture<Cell> nothing{2, 2, 2};
  CHECK(at::equal(cell->forward(x, nothing), at::zeros_like(x)));
}

TEST_CASE("operations say which geometry they need") {
  constexpr ic::Geometry kImages{.channels = 16};
  constexpr ic::Geometry kTokens{.channels = 16, .axis = ic::ChannelAxis::kLast};
  constexpr ic::Geometry kWider{.channels = 16, .out_channels = 32, .axis = ic::ChannelAxis::kLast};
  CHECK_THROWS_WITH(ic::SelfAttention<2>{}.build(kImages),
                    Contains("interchoice: attention_h2 needs its channels on the last axis, "
                             "[N, ..., C]; give the location Geometry{.axis = "
                             "ChannelAxis::kLast}"));
  CHECK_THROWS_WITH(ic::SelfAttention<3>{}.build(kTokens),
                    Contains("attention_h3 needs channels in multiples of 3, got 16"));
  CHECK_THROWS_WITH(ic::Mlp<2>{}.build(kWider),
                    Contains("mlp_r2 needs equal channels and stride 1, got 16 -> 32"));
  CHECK_THROWS_WITH(ic::TokenMlp<5>{}.build(kTokens)->forward(at::randn({2, 6, 16})),
                    Contains("TokenMlp<5> needs a tensor [N, 5, C], got [2, 6, 16]"));
  CHECK_THROWS_WITH(ic::ReluConvolutionNorm<3>{}.build(kTokens),
                    Contains("ReluConvolutionNorm needs its channels on the second axis"));
  CHECK_THROWS_WITH((ic::ReluConvolution1dNorm<3>{}.build(kTokens)),
                    Contains("conv1d_k3d1 needs its channels on the second axis"));
  CHECK_THROWS_WITH(ic::LinearSkip{}.build(kTokens), Contains("LinearSkip needs"));
  CHECK_THROWS_WITH(ic::AveragePool3x3<>{}.build(kTokens), Contains("AveragePool3x3 needs"));
  CHECK_THROWS_WITH(ic::AveragePool1d{}.build({.channels = 2, .out_channels = 3}),
                    Contains("AveragePool1d needs equal channels, got 2 -> 3"));
  CHECK(ic::SelfAttention<12>::name == "attention_h12");
  CHECK(ic::Mlp<4>::name == "mlp_r4");
  CHECK(ic::ReluConvolution1dNorm<5, 2>::name == "conv1d_k5d2");
  // Those of one's own as well.
  CHECK_THROWS_WITH(ic::check_axis(kImages, ic::ChannelAxis::kLast, "mine"),
                    Contains("interchoice: mine needs its channels on the last axis"));
  CHECK_THROWS_WITH(ic::check_keeps_shape(kWider, "mine", "use yours"),
                    Contains("mine needs equal channels and stride 1, got 16 -> 32, stride 1; use "
                             "yours"));
}

namespace {

/// A normalisation that its responses are silent about, and one that only its responses have.
struct Silent {
  static constexpr std::string_view name = "silent";
  auto build(const ic::Geometry& g) const { return Normed<LayerNorms>{}.build(g); }
};
struct Boasting : ic::Skip {
  static constexpr std::string_view name = "boasting";
  static constexpr ic::Responses responses(const ic::Geometry&) {
    return {.norm_scale = ic::Response::kPropagated};
  }
};

}  // namespace

TEST_CASE("a normalisation and the responses that declare it need each other") {
  constexpr ic::Geometry kGeometry{.channels = 4, .axis = ic::ChannelAxis::kLast};
  CHECK_THROWS_WITH(
      (ic::ChoiceBlocks<ic::Chain<2, ic::Candidates<ic::Mlp<1>, Silent>>, ic::shift<1>>(kGeometry)),
      Contains("interchoice: candidate 'silent' at location 0 has `norm_channels` 4, but its "
               "`responses` declare no effect of norm_shift or norm_scale; set them there"));
  CHECK_THROWS_WITH(
      (ic::ChoiceBlock<ic::Chain<2, ic::Candidates<Boasting, ic::Mlp<1>>>, ic::affine<1>>(
          1, kGeometry)),
      Contains("interchoice: candidate 'boasting' at location 1 has `norm_channels` 0, but its "
               "`responses` declare an effect of norm_shift or norm_scale; give its module "
               "`forward_adjusted` and `norm_channels`"));
}

// --- operations for tokens and sequences, by loops
// -------------------------------------------------

namespace {

/// Matrix products by loops, which count their multiplications.
struct Loops {
  std::int64_t macs = 0;

  /// y_i = sum_j W_ij x_j + b_i
  std::vector<double> linear(const at::Tensor& weight, const at::Tensor& bias,
                             const std::vector<double>& x) {
    std::vector<double> y;
    for (std::int64_t i = 0; i < weight.size(0); ++i) {
      double sum = bias.defined() ? bias[i].item<double>() : 0;
      for (std::int64_t j = 0; j < weight.size(1); ++j, ++macs) {
        sum += weight[i][j].item<double>() * x[static_cast<std::size_t>(j)];
      }
      y.push_back(sum);
    }
    return y;
  }
};

using Rows = std::vector<std::vector<double>>;

Rows rows_of(const at::Tensor& x) {  // [T, C]
  Rows rows;
  for (std::int64_t t = 0; t < x.size(0); ++t) {
    rows.emplace_back();
    for (std::int64_t c = 0; c < x.size(1); ++c) rows.back().push_back(x[t][c].item<double>());
  }
  return rows;
}

Rows transposed(const Rows& x) {
  Rows y(x[0].size(), std::vector<double>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < x[i].size(); ++j) y[j][i] = x[i][j];
  }
  return y;
}

/// LayerNorm of each row.
Rows layer_norm(const Rows& x, const at::Tensor& weight, const at::Tensor& bias) {
  Rows y = x;
  for (auto& row : y) {
    const auto n = static_cast<double>(row.size());
    double mean = 0;
    double variance = 0;
    for (const double value : row) mean += value / n;
    for (const double value : row) variance += (value - mean) * (value - mean) / n;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const auto i = static_cast<std::int64_t>(c);
      row[c] = (row[c] - mean) / std::sqrt(variance + 1e-5) * weight[i].item<double>() +
               bias[i].item<double>();
    }
  }
  return y;
}

double gelu(double x) { return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))); }

/// x + W2 gelu(W1 h + b1) + b2 of each row of h.
Rows two_layers(Loops& loops, const Rows& h, const Parameters& p) {
  Rows y;
  for (const auto& row : h) {
    auto hidden = loops.linear(p["expansion.weight"], p["expansion.bias"], row);
    for (double& value : hidden) value = gelu(value);
    y.push_back(loops.linear(p["projection.weight"], p["projection.bias"], hidden));
  }
  return y;
}

void add(Rows& x, const Rows& y) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < x[i].size(); ++j) x[i][j] += y[i][j];
  }
}

/// Attention with `heads` heads of rows that are normalised already.
Rows attend(Loops& loops, const Rows& h, const Parameters& p, std::size_t heads) {
  const std::size_t channels = h[0].size();
  const std::size_t width = channels / heads;
  Rows all;
  for (const auto& row : h) all.push_back(loops.linear(p["input.weight"], {}, row));
  Rows y;
  for (const auto& query : all) {
    std::vector<double> mixed(channels);
    for (std::size_t head = 0; head < heads; ++head) {
      std::vector<double> weights;
      double total = 0;
      for (const auto& key : all) {
        double product = 0;
        for (std::size_t i = 0; i < width; ++i, ++loops.macs) {
          product += query[head * width + i] * key[channels + head * width + i];
        }
        weights.push_back(std::exp(product / std::sqrt(static_cast<double>(width))));
        total += weights.back();
      }
      for (std::size_t t = 0; t < all.size(); ++t) {
        for (std::size_t i = 0; i < width; ++i, ++loops.macs) {
          mixed[head * width + i] += weights[t] / total * all[t][2 * channels + head * width + i];
        }
      }
    }
    y.push_back(loops.linear(p["output.weight"], p["output.bias"], mixed));
  }
  return y;
}

constexpr std::int64_t kTokenCount = 5;

/// An operation on tokens against loops: values, parameters and multiply-accumulates.
template <class Op, class Branch>
void check_token_operation(const Branch& branch) {
  INFO(std::string(Op::name));
  constexpr ic::Geometry kGeometry{.channels = 4, .axis = ic::ChannelAxis::kLast};
  const auto module = Op{}.build(kGeometry);
  module->to(at::kDouble);
  ic::testing::randomise(*module, 12);
  at::NoGradGuard no_grad;
  const at::Tensor x = at::randn({2, kTokenCount, 4}, kDouble);
  const at::Tensor y = module->forward(x);
  const auto p = module->named_parameters();
  const ic::Cost cost = Op::cost(kGeometry, {.height = kTokenCount});
  for (std::int64_t n = 0; n < x.size(0); ++n) {
    Loops loops;
    Rows expected = rows_of(x[n]);
    add(expected, branch(loops, layer_norm(expected, p["norm.weight"], p["norm.bias"]), p));
    for (std::int64_t t = 0; t < kTokenCount; ++t) {
      for (std::int64_t c = 0; c < 4; ++c) {
        CHECK(y[n][t][c].item<double>() ==
              Approx(expected[static_cast<std::size_t>(t)][static_cast<std::size_t>(c)])
                  .epsilon(1e-9));
      }
    }
    CHECK(loops.macs == cost.macs);
  }
  std::int64_t parameters = 0;
  for (const at::Tensor& parameter : module->parameters()) parameters += parameter.numel();
  CHECK(parameters == cost.parameters);
}

}  // namespace

TEST_CASE("attention and MLPs of tokens are what their formulas say, and cost what they say") {
  check_token_operation<ic::SelfAttention<1>>(
      [](Loops& loops, const Rows& h, const Parameters& p) { return attend(loops, h, p, 1); });
  check_token_operation<ic::SelfAttention<2>>(
      [](Loops& loops, const Rows& h, const Parameters& p) { return attend(loops, h, p, 2); });
  check_token_operation<ic::Mlp<3>>(two_layers);
  check_token_operation<ic::TokenMlp<kTokenCount>>(
      [](Loops& loops, const Rows& h, const Parameters& p) {
        return transposed(two_layers(loops, transposed(h), p));
      });
}

TEST_CASE("convolutions and pooling of sequences are what their formulas say") {
  constexpr ic::Geometry kGeometry{.channels = 3, .out_channels = 4, .stride = 2};
  using Op = ic::ReluConvolution1dNorm<3, 2>;
  const auto module = Op{}.build(kGeometry);
  module->to(at::kDouble);
  ic::testing::randomise(*module, 13);
  module->eval();
  const at::Tensor x = at::randn({1, 3, 7}, kDouble);
  const at::Tensor y = module->forward(x);
  REQUIRE(y.sizes().vec() == kGeometry.output_sizes(x.sizes()));
  const auto p = module->named_parameters();
  const auto b = module->named_buffers();
  std::int64_t macs = 0;
  for (std::int64_t o = 0; o < 4; ++o) {
    for (std::int64_t t = 0; t < y.size(2); ++t) {
      double sum = 0;
      for (std::int64_t c = 0; c < 3; ++c) {
        for (std::int64_t k = 0; k < 3; ++k, ++macs) {
          const std::int64_t at = 2 * t + 2 * (k - 1);
          if (at < 0 || at >= 7) continue;
          sum += p["convolution.weight"][o][c][k].item<double>() *
                 std::max(0.0, x[0][c][at].item<double>());
        }
      }
      const double mean = b["norm.running_mean"][o].item<double>();
      const double variance = b["norm.running_var"][o].item<double>();
      const double expected =
          (sum - mean) / std::sqrt(variance + 1e-5) * p["norm.weight"][o].item<double>() +
          p["norm.bias"][o].item<double>();
      CHECK(y[0][o][t].item<double>() == Approx(expected).epsilon(1e-9));
    }
  }
  CHECK(Op::cost(kGeometry, {.height = 7}) == ic::Cost{3 * 3 * 4 + 2 * 4, macs});

  constexpr ic::Geometry kHalf{.channels = 3, .stride = 2};
  const auto pool = ic::AveragePool1d{}.build(kHalf);
  const at::Tensor vector = at::randn({3}, kDouble);
  const ic::DeferredBias pooled = pool->forward_deferred(x, vector);
  CHECK(pooled.vector.is_same(vector));
  REQUIRE(pooled.value.sizes().vec() == kHalf.output_sizes(x.sizes()));
  for (std::int64_t t = 0; t < 4; ++t) {
    const std::int64_t begin = std::max<std::int64_t>(0, 2 * t - 1);
    const std::int64_t end = std::min<std::int64_t>(7, 2 * t + 2);
    CHECK(close(pooled.value[0].select(1, t), x[0].slice(1, begin, end).mean(1)));
  }
  CHECK(ic::AveragePool1d::responses(kHalf).keeps_zeros);
  CHECK(pool->forward(at::zeros_like(x)).count_nonzero().item<std::int64_t>() == 0);
  CHECK(close(pool->forward(x + ic::along_channels(vector, x)),
              pooled.value + ic::along_channels(vector, x)));
}

static_assert(ic::Operation<ic::SelfAttention<4>> && ic::Operation<ic::Mlp<4>> &&
              ic::Operation<ic::TokenMlp<16>> && ic::Operation<ic::AveragePool1d> &&
              ic::Operation<ic::ReluConvolution1dNorm<7>>);
