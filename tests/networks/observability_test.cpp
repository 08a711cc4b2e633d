// Which dependent weights can matter: what the library says beforehand, against float64 gradients
// and against redrawing them, for images, sequences and tokens.

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "interchoice/networks/dependency_report.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/sequence.hpp"
#include "interchoice/nn/operations/tokens.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/spaces/chain.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;

namespace {

const ic::NasBench201Options kNasBench201{.width = 4, .cells_per_stage = {1, 1}};

/// The entries of one candidate at one location, as a view, and their gradients.
struct Entries {
  at::Tensor values;
  at::Tensor gradients;  // undefined if nothing arrived
};

at::Tensor slice(const at::Tensor& table, std::size_t candidate) {
  return table.select(-2, static_cast<std::int64_t>(candidate));
}

Entries entries_of(const ic::DependentTable& table, std::size_t candidate) {
  if (!table.values().defined()) return {};
  const at::Tensor gradient = table.values().grad();
  return {slice(table.values(), candidate),
          gradient.defined() ? slice(gradient, candidate) : gradient};
}
Entries entries_of(const ic::NormTable& table, std::size_t candidate) {
  const at::Tensor& values = table.values(candidate);
  return values.defined() ? Entries{values, values.grad()} : Entries{};
}

struct Found {
  double largest_inert = 0;
  double largest_weight = 0;
  std::size_t inert = 0;
  std::size_t active = 0;
  std::size_t active_seen = 0;  // entries with a gradient that is no rounding noise
};

/// Trains nothing: sums what random architectures send to every entry of every table of a network
/// with keep_inert<Policy>, for inputs that `input` draws.
template <class Space, class Policy, class Net>
Found gradients(Net& net, const std::function<at::Tensor()>& input) {
  net->to(at::kDouble);
  ic::testing::randomise(*net, 3);
  const ic::Sampler sample{ic::Uniform{ic::all<Space>}, ic::Seed{5}};
  Found found;
  at::manual_seed(11);
  for (std::uint64_t step = 0; step < 150; ++step) {
    const at::Tensor logits = net->forward(input(), sample(0, step));
    (logits * at::randn_like(logits)).sum().backward();
  }
  for (const auto& p : net->named_parameters()) {
    if (p.key().find("_table") != std::string::npos || !p.value().grad().defined()) continue;
    found.largest_weight =
        std::max(found.largest_weight, p.value().grad().abs().max().template item<double>());
  }
  std::vector<at::Tensor> inert;
  for (const auto& module : net->modules()) {
    auto* block = dynamic_cast<ic::ChoiceBlockImpl<Space, ic::keep_inert<Policy>>*>(module.get());
    if (block == nullptr) continue;
    for (std::size_t c = 0; c < block->context().candidates(); ++c) {
      const Entries entries = entries_of(block->state().table, c);
      if (!entries.values.defined()) continue;
      const double largest =
          entries.gradients.defined() ? entries.gradients.abs().max().template item<double>() : 0;
      if (block->is_observed(c)) {
        ++found.active;
        found.active_seen += largest > 1e-4 ? 1 : 0;
      } else {
        ++found.inert;
        found.largest_inert = std::max(found.largest_inert, largest);
        inert.push_back(entries.values);
      }
    }
  }
  // Redrawing what is inert changes no output in training mode; redrawing the rest does.
  at::NoGradGuard no_grad;
  const at::Tensor x = input();
  for (std::uint64_t step = 0; step < 8; ++step) {
    const at::Tensor before = net->forward(x, sample(1, step));
    for (at::Tensor& values : inert) values.normal_();
    const at::Tensor after = net->forward(x, sample(1, step));
    CHECK(at::allclose(before, after, 1e-10, 1e-10));
  }
  if (found.active > 0) {
    std::vector<at::Tensor> before;  // several: a path may meet no entry that matters
    for (std::uint64_t step = 0; step < 8; ++step) {
      before.push_back(net->forward(x, sample(1, step)));
    }
    for (auto& p : net->named_parameters()) {
      if (p.key().find("_table") != std::string::npos) p.value().normal_();
    }
    std::size_t changed = 0;
    for (std::uint64_t step = 0; step < 8; ++step) {
      changed += at::allclose(before[step], net->forward(x, sample(1, step)), 1e-3, 1e-3) ? 0 : 1;
    }
    CHECK(changed > 0);
  }
  INFO(ic::policy_text<Policy>() << ": " << found.inert << " inert, " << found.active
                                 << " active, largest gradients " << found.largest_inert << ", "
                                 << found.largest_weight);
  CHECK(found.largest_inert < 1e-12 * std::max(1.0, found.largest_weight));
  CHECK(found.largest_weight > 1e-2);
  CHECK(found.active_seen == found.active);
  return found;
}

template <class Network, class Policy>
Found check(const typename Network::Options& options, std::int64_t size) {
  ic::Supernet<Network, ic::keep_inert<Policy>> net(options);
  return gradients<typename Network::Space, Policy>(net, [size] {
    return at::randn({4, 3, size, size}, at::kDouble);
  });
}

/// Without the inert entries: the same outputs, fewer parameters.
template <class Network, class Policy>
std::int64_t check_same_without(const typename Network::Options& options, std::int64_t size) {
  using Space = typename Network::Space;
  ic::Supernet<Network, Policy> net(options);
  ic::Supernet<Network, ic::keep_inert<Policy>> kept(options);
  net->to(at::kDouble);
  kept->to(at::kDouble);
  ic::testing::randomise(*net, 3);
  at::NoGradGuard no_grad;
  auto ours = net->named_parameters();
  for (auto& p : kept->named_parameters()) {
    if (p.key().find("_table") == std::string::npos) p.value().copy_(ours[p.key()]);
  }
  std::vector<ic::ChoiceBlockImpl<Space, Policy>*> blocks;
  for (const auto& module : net->modules()) {
    auto* block = dynamic_cast<ic::ChoiceBlockImpl<Space, Policy>*>(module.get());
    if (block != nullptr) blocks.push_back(block);
  }
  std::size_t i = 0;
  for (const auto& module : kept->modules()) {
    auto* block = dynamic_cast<ic::ChoiceBlockImpl<Space, ic::keep_inert<Policy>>*>(module.get());
    if (block == nullptr) continue;
    const at::Tensor from = blocks[i]->state().table.values();
    std::size_t column = 0;
    for (std::size_t c = 0; c < block->context().candidates(); ++c) {
      if (!from.defined() || !block->is_observed(c)) continue;
      slice(block->state().table.values(), c).copy_(slice(from, column++));
    }
    ++i;
  }
  REQUIRE(i == blocks.size());
  const ic::Sampler sample{ic::Uniform{ic::all<Space>}, ic::Seed{6}};
  const at::Tensor x = at::randn({4, 3, size, size}, at::kDouble);
  for (std::uint64_t step = 0; step < 10; ++step) {
    CHECK(at::allclose(net->forward(x, sample(0, step)), kept->forward(x, sample(0, step)), 1e-10,
                       1e-10));
  }
  const std::int64_t less = ic::parameter_total(ic::parameter_report(*kept)).dependent -
                            ic::parameter_total(ic::parameter_report(*net)).dependent;
  CHECK(less > 0);
  return less;
}

}  // namespace

TEST_CASE("what is said to be inert in NAS-Bench-201 gets no gradient, and all else does") {
  using Network = ic::NasBench201<ic::Skip>;
  // Twelve locations, eleven with a table: Zero in each, Skip on the three edges into the output.
  const Found bias = check<Network, ic::bias<1>>(kNasBench201, 8);
  CHECK(bias.inert == 11 + 3);
  CHECK(bias.active == 11 * 5 - bias.inert);
  const Found scale = check<Network, ic::scale<1>>(kNasBench201, 8);
  CHECK(scale.inert == 11);
  // The convolutions' BatchNorm is their end: a shift into the last output is removed by the head.
  const Found shift = check<Network, ic::shift<1>>(kNasBench201, 8);
  CHECK(shift.inert == 2 * 3);
  CHECK(shift.active == 2 * 8);
  check_same_without<Network, ic::bias<1>>(kNasBench201, 8);
  check_same_without<Network, ic::scale<1>>(kNasBench201, 8);
  check_same_without<ic::NasBench201<ic::LinearSkip>, ic::bias<2, ic::dataflow>>(kNasBench201, 8);
}

namespace {

/// FairNAS' blocks with and without residual and stride, small.
struct SmallLayout {
  static constexpr std::int64_t stem_width = 8;
  static constexpr std::int64_t width = 4;
  static constexpr std::array<ic::ChainStage, 2> stages{{{4, 3, 1}, {6, 2, 2}}};
  static constexpr std::int64_t head_width = 16;
};

}  // namespace

TEST_CASE("in FairNAS a bias is inert everywhere, a shift and an affine change nowhere") {
  using Network = ic::FairNasNetwork<SmallLayout>;
  const ic::FairNasOptions options{.classes = 10};
  const Found bias = check<Network, ic::bias<1>>(options, 12);
  CHECK(bias.active == 0);
  CHECK(bias.inert == 4 * 6);
  const Found shift = check<Network, ic::shift<1>>(options, 12);
  CHECK(shift.inert == 0);
  CHECK(shift.active == 4 * 6);
  const Found scale = check<Network, ic::scale<2>>(options, 12);
  CHECK(scale.inert == 0);
  CHECK(check_same_without<Network, ic::bias<1>>(options, 12) == (3 * 36 * 4 + 36 * 6));

  // Known to the compiler, from the blocks' declarations.
  constexpr ic::Geometry kSame{.channels = 8};
  constexpr ic::Geometry kHalf{.channels = 8, .out_channels = 16, .stride = 2};
  using Block = ic::InvertedResidual<5, 6>;
  STATIC_REQUIRE(ic::responses_of<Block>(kSame).input_shift == ic::Response::kPropagated);
  STATIC_REQUIRE(ic::responses_of<Block>(kHalf).input_shift == ic::Response::kRemoved);
}

TEST_CASE("the paper's bias tables on FairNAS: 61,056 parameters kept, none otherwise") {
  const auto dependent = []<class Policy>() {
    return ic::parameter_total(ic::parameter_report(*ic::Supernet<ic::FairNas, Policy>()))
        .dependent;
  };
  CHECK(dependent.operator()<ic::bias<1>>() == 0);
  CHECK(dependent.operator()<ic::keep_inert<ic::bias<1>>>() == 61'056);
  CHECK(dependent.operator()<ic::shift<1>>() > 0);
  const std::string text = ic::describe(*ic::Supernet<ic::FairNas, ic::bias<1>>());
  CHECK(std::count(text.begin(), text.end(), '\n') == 19);
  CHECK(text.find("body.1  location 1, choice 1: priors 0 (choice 0), 6 contexts, 0 parameters; "
                  "inert for every candidate") != std::string::npos);
}

// --- sequences and tokens
// -------------------------------------------------------------------------

namespace {

/// y = tanh(GroupNorm(W x)) of sequences. With a group for each channel (instance norm) a constant
/// at the input is removed, with larger groups it is seen.
template <std::int64_t Groups>
struct GroupedConvolution {
  static constexpr std::string_view name = Groups == 4 ? "instance_norm" : "group_norm";
  static constexpr ic::Responses responses(const ic::Geometry& g) {
    return {
        .input_shift = Groups == g.out_channels ? ic::Response::kRemoved : ic::Response::kObserved,
        .norm_shift = ic::Response::kObserved,
        .norm_scale = ic::Response::kObserved};
  }
  struct Module : torch::nn::Module {
    at::Tensor forward(const at::Tensor& x) { return forward_adjusted(x, {}); }
    at::Tensor forward_adjusted(const at::Tensor& x, const ic::NormAdjustment& adjustment) {
      return at::tanh(ic::adjusted_norm(norm, convolution(x), adjustment));
    }
    std::int64_t norm_channels() const { return 4; }
    torch::nn::Conv1d convolution =
        register_module("convolution", torch::nn::Conv1d(torch::nn::Conv1dOptions(4, 4, 1)));
    torch::nn::GroupNorm norm =
        register_module("norm", torch::nn::GroupNorm(torch::nn::GroupNormOptions(Groups, 4)));
  };
  std::shared_ptr<Module> build(const ic::Geometry&) const { return std::make_shared<Module>(); }
};

/// y = x - sum_t softmax_t(q . x_t) x_t of tokens: softmax takes off what the keys share, the
/// weighted mean of the values propagates it, and the difference is free of it.
struct Centred {
  static constexpr std::string_view name = "centred";
  static constexpr ic::Responses responses(const ic::Geometry&) {
    return {.input_shift = ic::Response::kRemoved};
  }
  struct Module : torch::nn::Module {
    at::Tensor forward(const at::Tensor& x) {
      const at::Tensor weights = at::softmax(x.matmul(query), -1);  // [N, T]
      return x - (weights.unsqueeze(-1) * x).sum(1, true);
    }
    at::Tensor query = register_parameter("query", at::randn({4}));
  };
  std::shared_ptr<Module> build(const ic::Geometry&) const { return std::make_shared<Module>(); }
};

/// y_t = mean of all tokens, for each t: propagates a constant.
struct TokenMean {
  static constexpr std::string_view name = "token_mean";
  static constexpr ic::Responses responses(const ic::Geometry&) {
    return {.input_shift = ic::Response::kPropagated};
  }
  struct Module : torch::nn::Module {
    at::Tensor forward(const at::Tensor& x) { return x.mean(1, true).expand_as(x); }
  };
  std::shared_ptr<Module> build(const ic::Geometry&) const { return std::make_shared<Module>(); }
};

/// Three blocks between a linear stem and a head: BatchNorm over examples and positions, which
/// removes a constant, or none; then tanh, mean over the positions, and a linear layer.
template <class Space, class Policy>
struct SmallNetImpl : torch::nn::Module {
  SmallNetImpl(ic::ChannelAxis axis, bool has_norm)
      : blocks(register_module("blocks",
                               ic::ChoiceBlocks<Space, Policy>(
                                   ic::Geometry{.channels = 4, .axis = axis},
                                   has_norm ? ic::Response::kRemoved : ic::Response::kObserved))),
        is_last(axis == ic::ChannelAxis::kLast) {
    if (has_norm) norm = register_module("norm", torch::nn::BatchNorm1d(4));
  }
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<Space>& path) {  // x [N, T, 3]
    at::Tensor y = stem(x);
    y = blocks->forward(is_last ? y : y.transpose(1, 2), path);
    if (is_last) y = y.transpose(1, 2);  // [N, 4, T]
    if (norm) y = norm(y);
    return head(at::tanh(y).mean(2));
  }
  torch::nn::Linear stem = register_module("stem", torch::nn::Linear(3, 4));
  ic::ChoiceBlocks<Space, Policy> blocks;
  torch::nn::BatchNorm1d norm{nullptr};
  torch::nn::Linear head = register_module("head", torch::nn::Linear(4, 5));
  bool is_last;
};

template <class Space, class Policy>
Found check_small(ic::ChannelAxis axis, bool has_norm) {
  using Impl = SmallNetImpl<Space, ic::keep_inert<Policy>>;
  torch::nn::ModuleHolder<Impl> net(axis, has_norm);
  return gradients<Space, Policy>(net, [] { return at::randn({4, 6, 3}, at::kDouble); });
}

}  // namespace

TEST_CASE("what is said to be inert in sequences gets no gradient, and all else does") {
  constexpr auto kSecond = ic::ChannelAxis::kSecond;
  using Space = ic::Chain<
      3, ic::Candidates<ic::ReluConvolution1dNorm<3>, ic::ReluConvolution1dNorm<5, 2>,
                        ic::AveragePool1d, ic::Skip, GroupedConvolution<4>, GroupedConvolution<2>>>;
  // Two blocks with tables. Instance norm removes a bias; the head's BatchNorm removes that of
  // pooling and Skip in the last block.
  const Found bias = check_small<Space, ic::bias<1>>(kSecond, true);
  CHECK(bias.inert == 2 + 2);
  CHECK(bias.active == 12 - bias.inert);
  CHECK(check_small<Space, ic::bias<1>>(kSecond, false).inert == 2);
  CHECK(check_small<Space, ic::scale<1>>(kSecond, true).inert == 0);
  // Four candidates have a normalisation; that of the convolutions ends them.
  const Found shift = check_small<Space, ic::shift<1>>(kSecond, true);
  CHECK(shift.inert == 2);
  CHECK(shift.active == 8 - shift.inert);
}

TEST_CASE("what is said to be inert in tokens gets no gradient, and all else does") {
  constexpr auto kLast = ic::ChannelAxis::kLast;
  using Space =
      ic::Chain<3, ic::Candidates<ic::SelfAttention<1>, ic::SelfAttention<2>, ic::TokenMlp<6>,
                                  ic::Mlp<2>, ic::Skip, Centred, TokenMean>>;
  const Found bias = check_small<Space, ic::bias<1>>(kLast, true);
  CHECK(bias.inert == 2 + 2);  // Centred; Skip and TokenMean before the head's BatchNorm
  CHECK(bias.active == 14 - bias.inert);
  CHECK(check_small<Space, ic::bias<1>>(kLast, false).inert == 2);
  CHECK(check_small<Space, ic::scale<1>>(kLast, true).inert == 0);
  // After the LayerNorms of attention and MLPs everything is seen, queries, GELU and residual.
  const Found shift = check_small<Space, ic::shift<1>>(kLast, true);
  CHECK(shift.inert == 0);
  CHECK(shift.active == 2 * 4);
}
