// Every policy beside bias and split by its formula, computed a second time from the state's
// tensors and a block without any dependency.

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/average_pool.hpp"
#include "interchoice/nn/operations/inverted_residual.hpp"
#include "interchoice/nn/operations/relu_convolution_norm.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/nn/operations/zero.hpp"
#include "interchoice/spaces/chain.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;

namespace {

struct Projection : ic::LinearSkip {
  static constexpr std::string_view name = "projection";  // two skips in one list
};

using Space =
    ic::Chain<4, ic::Candidates<ic::ReluConvolutionNorm<3>, ic::ReluConvolutionNorm<1, true>,
                                ic::InvertedResidual<3, 3>, ic::Skip, Projection,
                                ic::AveragePool3x3<true>, ic::Zero>>;
using Path = ic::Architecture<Space>;
constexpr std::uint8_t kCandidates = 7;
constexpr std::int64_t kChannels = 4;

template <class Policy>
using Block = ic::ChoiceBlock<Space, Policy>;

void copy_shared(const torch::nn::Module& from, torch::nn::Module& to) {
  const c10::AutoGradMode no_grad(false);
  const auto sources = from.named_parameters();
  for (auto& p : to.named_parameters()) {
    if (const auto* source = sources.find(p.key())) p.value().copy_(*source);
  }
  const auto buffers = from.named_buffers();
  for (auto& b : to.named_buffers()) {
    if (const auto* source = buffers.find(b.key())) b.value().copy_(*source);
  }
}

at::Tensor input(std::uint64_t seed) {
  at::manual_seed(seed);
  return at::randn({3, kChannels, 5, 4}, at::kDouble).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor per_channel(const at::Tensor& vector) { return vector.view({1, -1, 1, 1}); }

/// A block with the policy and one of the same weights without, in float64 and training mode.
template <class Policy>
struct Pair {
  explicit Pair(std::size_t location)
      : block(location, ic::Geometry{.channels = kChannels}),
        plain(location, ic::Geometry{.channels = kChannels}) {
    block->to(at::kDouble);
    plain->to(at::kDouble);
    ic::testing::randomise(*block, 7);
    copy_shared(*block, *plain);
  }
  /// The candidate without its policy.
  ic::BuiltOperation& operation(std::size_t c) { return plain->bank().at(0, c); }

  Block<Policy> block;
  Block<ic::none> plain;
};

bool close(const at::Tensor& a, const at::Tensor& b) { return at::allclose(a, b, 1e-11, 1e-12); }

/// Finite differences of sum(w * block(x)) in every tenth weight that the path uses.
template <class Policy>
void check_gradients(Block<Policy>& block, const Path& path) {
  const at::Tensor x = input(3).requires_grad_();
  const at::Tensor weight = at::randn_like(x);
  const auto loss = [&] { return (block->forward(x, path) * weight).sum(); };
  block->zero_grad();
  loss().backward();
  std::size_t checked = 0;
  for (auto& p : block->named_parameters()) {
    const at::Tensor gradient = p.value().grad();
    if (!gradient.defined()) continue;
    at::NoGradGuard no_grad;
    double* values = p.value().template data_ptr<double>();
    const double* derivative = gradient.contiguous().template data_ptr<double>();
    for (std::int64_t i = 0; i < p.value().numel(); ++i) {
      if (i % 10 != 0 && derivative[i] == 0) continue;
      const double old = values[i];
      const double step = 1e-6;
      values[i] = old + step;
      const double above = loss().template item<double>();
      values[i] = old - step;
      const double below = loss().template item<double>();
      values[i] = old;
      INFO(p.key() << " [" << i << "]");
      CHECK(derivative[i] == Approx((above - below) / (2 * step)).margin(1e-5).epsilon(1e-4));
      if (++checked > 60) return;
    }
  }
}

}  // namespace

TEST_CASE("scale multiplies the input by the row of its context") {
  Pair<ic::scale<2>> pair(3);
  const auto& table = pair.block->state().table;
  CHECK(table.values().sizes() == std::vector<std::int64_t>{7, 7, 6, kChannels});  // not Zero
  for (std::uint8_t c = 0; c < kCandidates; ++c) {
    const Path path{0, 2, 5, c};
    INFO(Space::candidate_name(3, c));
    const at::Tensor x = input(c);
    const at::Tensor y = pair.block->forward(x, path);
    if (c == 6) {
      CHECK(y.count_nonzero().item<std::int64_t>() == 0);
      continue;
    }
    const at::Tensor factor = table.values()[2][5][c];
    CHECK(close(y, pair.operation(c).forward(x * per_channel(factor), {}, {})));
    check_gradients(pair.block, path);
  }
  Block<ic::scale<2>> fresh(2, ic::Geometry{.channels = kChannels});
  CHECK(at::equal(fresh->state().table.values(), at::ones({7, 7, 6, kChannels})));
}

TEST_CASE("bias_sum adds a vector for each choice it looks at") {
  Pair<ic::bias_sum<2>> pair(3);
  const auto& tables = pair.block->state().tables;
  REQUIRE(tables.size() == 3);
  for (std::uint8_t c = 0; c < kCandidates; ++c) {
    const Path path{0, 2, 5, c};
    INFO(Space::candidate_name(3, c));
    const at::Tensor x = input(c);
    if (c == 6) {  // no row: Zero shows nothing
      CHECK(pair.block->forward(x, path).count_nonzero().item<std::int64_t>() == 0);
      continue;
    }
    const at::Tensor vector = tables[0][c] + tables[1][5] + tables[2][2];
    CHECK(close(pair.block->forward(x, path),
                pair.operation(c).forward(x + per_channel(vector), {}, {})));
    check_gradients(pair.block, path);
  }
  CHECK(Block<ic::bias_sum<2>>(0, ic::Geometry{.channels = 4})->state().tables.empty());
  CHECK(Block<ic::bias_sum<2>>(1, ic::Geometry{.channels = 4})->state().tables.size() == 2);
}

TEST_CASE("bias_residual adds the sum of bias_sum and the row of bias") {
  Pair<ic::bias_residual<2>> pair(3);
  const auto& state = pair.block->state();
  const auto& sum = state.sum.tables;
  REQUIRE(sum.size() == 3);
  const at::Tensor& rows = state.residual.table.values();
  REQUIRE(rows.sizes() == std::vector<std::int64_t>{7, 7, 6, kChannels});
  Pair<ic::bias<2>> rowwise(3);
  {  // bias computes all that it can
    const at::NoGradGuard no_grad;
    copy_shared(*pair.plain, *rowwise.block);
    auto all = rows + sum[0].view({1, 1, 6, kChannels}) + sum[1].view({1, 7, 1, kChannels}) +
               sum[2].view({7, 1, 1, kChannels});
    at::Tensor(rowwise.block->state().table.values()).copy_(all);
  }
  for (std::uint8_t c = 0; c < kCandidates; ++c) {
    const Path path{0, 2, 5, c};
    INFO(Space::candidate_name(3, c));
    const at::Tensor x = input(c);
    const at::Tensor y = pair.block->forward(x, path);
    CHECK(close(y, rowwise.block->forward(x, path)));
    if (c == 6) {
      CHECK(y.count_nonzero().item<std::int64_t>() == 0);
      continue;
    }
    const at::Tensor vector = sum[0][c] + sum[1][5] + sum[2][2] + rows[2][5][c];
    CHECK(close(y, pair.operation(c).forward(x + per_channel(vector), {}, {})));
    check_gradients(pair.block, path);
  }
  // A path moves the vectors that other paths share, and its own row alone.
  pair.block->zero_grad();
  pair.block->forward(input(1), Path{0, 2, 5, 1}).square().sum().backward();
  CHECK(rows.grad().abs().sum(-1).count_nonzero().item<std::int64_t>() == 1);
  CHECK(at::equal(rows.grad()[2][5][1], sum[0].grad()[1]));
  CHECK(at::equal(sum[1].grad()[5], sum[2].grad()[2]));
  Block<ic::bias_residual<2>> first(0, ic::Geometry{.channels = 4});
  CHECK(first->state().sum.tables.empty());
  CHECK_FALSE(first->state().residual.table.values().defined());
}

TEST_CASE("staged_split has a copy for each context of one prior more at each stage") {
  const ic::Geometry geometry{.channels = kChannels};
  Block<ic::staged_split<2>> block(3, geometry);
  block->to(at::kDouble);
  ic::testing::randomise(*block, 7);
  const ic::CandidateBank& bank = block->bank();
  const at::NoGradGuard no_grad;
  const at::Tensor x = input(1);
  const auto all = [&] {  // outputs by the second prior and the first
    std::vector<std::vector<at::Tensor>> outputs(7);
    for (std::uint8_t p2 = 0; p2 < 7; ++p2) {
      for (std::uint8_t p1 = 0; p1 < 7; ++p1) {
        outputs[p2].push_back(block->forward(x, Path{0, p2, p1, 1}));
      }
    }
    return outputs;
  };
  const auto shared = block->forward(x, Path{0, 0, 0, 1});
  CHECK_FALSE(block->is_split());
  for (const auto& row : all()) {
    for (const at::Tensor& y : row) CHECK(at::equal(y, shared));
  }

  const auto move = [&](std::size_t copy) {
    for (at::Tensor& p : bank.at(copy, 1).module()->parameters()) p.add_(at::randn_like(p));
  };
  const std::size_t parameters = block->parameters().size();
  CHECK(ic::split_now(*block).size() == 6 * parameters);
  CHECK(block->is_split());
  CHECK(bank.copy_count() == 7);
  for (std::size_t k = 1; k < 7; ++k) move(k);
  const auto first = all();
  for (std::size_t p1 = 0; p1 < 7; ++p1) {
    CHECK(at::equal(first[0][p1], shared) == (p1 == 0));
    for (std::size_t p2 = 0; p2 < 7; ++p2) CHECK(at::equal(first[p2][p1], first[0][p1]));
  }

  const ic::NewParameters added = ic::split_now(*block);
  CHECK(added.size() == 42 * parameters);
  CHECK(bank.copy_count() == 49);
  for (const ic::NewParameter& copy : added) {
    CHECK(at::equal(copy.parameter, copy.source));
    const std::size_t k = std::stoul(copy.name.substr(4));  // copy<k>.
    const auto names = block->named_parameters();
    const std::string rest = copy.name.substr(copy.name.find('.') + 1);
    const std::string source = k % 7 == 0 ? rest : "copy" + std::to_string(k % 7) + "." + rest;
    CHECK(names[source].is_same(copy.source));
  }
  const auto second = all();
  for (std::size_t p2 = 0; p2 < 7; ++p2) {
    for (std::size_t p1 = 0; p1 < 7; ++p1) CHECK(at::equal(second[p2][p1], first[0][p1]));
  }
  move(4 * 7 + 5);
  const auto moved = all();
  for (std::size_t p2 = 0; p2 < 7; ++p2) {
    for (std::size_t p1 = 0; p1 < 7; ++p1) {
      CHECK(at::equal(moved[p2][p1], second[p2][p1]) == !(p2 == 4 && p1 == 5));
    }
  }
  CHECK(ic::split_now(*block).empty());
  CHECK(bank.copy_count() == 49);

  // Near the start there are fewer priors.
  Block<ic::staged_split<2>> one_prior(1, geometry);
  CHECK_FALSE(ic::split_now(*one_prior).empty());
  CHECK(ic::split_now(*one_prior).empty());
  CHECK(one_prior->bank().copy_count() == 7);
  one_prior->forward(x.to(at::kFloat), Path{6, 1, 1, 1});
  Block<ic::staged_split<2>> no_prior(0, geometry);
  CHECK(ic::split_now(*no_prior).empty());
}

TEST_CASE("attention multiplies the input by a sigmoid of one-hot choices") {
  const auto one_hot = [](std::vector<std::int64_t> choices) {
    at::Tensor v = at::zeros({7 * static_cast<std::int64_t>(choices.size())}, at::kDouble);
    for (std::size_t i = 0; i < choices.size(); ++i) {
      v[7 * static_cast<std::int64_t>(i) + choices[i]] = 1;
    }
    return v;
  };
  const auto check = [&]<class Policy>(Pair<Policy>& pair, const Path& path,
                                       const std::vector<std::int64_t>& seen, std::uint8_t c) {
    auto layers = pair.block->state().layers;
    at::Tensor h = layers[0]->forward(one_hot(seen));
    if (layers.size() == 2) h = layers[1]->forward(at::relu(h));
    const at::Tensor x = input(c);
    CHECK(close(pair.block->forward(x, path),
                pair.operation(c).forward(x * per_channel(at::sigmoid(h)), {}, {})));
    if (c != 6) check_gradients(pair.block, path);
  };
  Pair<ic::attention<2>> own(3);
  Pair<ic::attention<2, 2>> two_layers(3);
  Pair<ic::attention<2, 1, ic::without_own_choice>> others(3);
  Pair<ic::attention<2>> first(0);
  CHECK(two_layers.block->state().layers[0]->weight.sizes() == std::vector<std::int64_t>{24, 21});
  for (std::uint8_t c = 0; c < kCandidates; ++c) {
    INFO(Space::candidate_name(3, c));
    const Path path{c, 2, 5, c};
    check(own, path, {2, 5, c}, c);
    check(two_layers, path, {2, 5, c}, c);
    check(others, path, {2, 5}, c);
    check(first, path, {c}, c);
  }
  const ic::Geometry geometry{.channels = kChannels};
  CHECK(Block<ic::attention<2, 1, ic::without_own_choice>>(0, geometry)->state().layers.empty());
}

TEST_CASE("shift and affine act after the first BatchNorm, before its activation") {
  Pair<ic::affine<1>> pair(2);
  const auto& state = pair.block->state();
  // 3x3 and 1x1 convolution [C], expansion 3 [3C]; no table for the others.
  for (std::size_t c = 0; c < kCandidates; ++c) {
    const std::int64_t channels = c < 2 ? kChannels : c == 2 ? 3 * kChannels : 0;
    INFO(Space::candidate_name(2, c));
    REQUIRE(state.gains.values(c).defined() == (channels > 0));
    REQUIRE(state.shifts.values(c).defined() == (channels > 0));
    if (channels > 0) {
      CHECK(state.gains.values(c).sizes() == std::vector<std::int64_t>{7, channels});
    }
  }
  const bool training = GENERATE(true, false);
  pair.block->train(training);
  pair.plain->train(training);
  const auto adjusted = [&](const at::Tensor& normed, std::size_t c, std::int64_t prior) {
    return normed * per_channel(1 + state.gains.values(c)[prior]) +
           per_channel(state.shifts.values(c)[prior]);
  };
  for (const std::uint8_t prior : {std::uint8_t{0}, std::uint8_t{6}}) {
    for (std::uint8_t c = 0; c < kCandidates; ++c) {
      INFO(Space::candidate_name(2, c) << " after " << int{prior} << ", training " << training);
      const Path path{1, prior, c, 0};
      const at::Tensor x = input(c + 10);
      const at::Tensor y = pair.block->forward(x, path);
      const auto module = pair.operation(c).module();
      at::Tensor expected;
      if (auto* mb = dynamic_cast<ic::InvertedResidual<3, 3>::Module*>(module.get())) {
        at::Tensor h = adjusted(mb->norm1->forward(mb->expansion->forward(x)), c, prior);
        h = at::clamp(mb->norm2->forward(mb->depthwise->forward(at::clamp(h, 0, 6))), 0, 6);
        expected = mb->norm3->forward(mb->projection->forward(h)) + x;
      } else if (c < 2) {
        expected =
            adjusted(pair.operation(c).forward(x, {}, {}), c, prior);  // its BatchNorm is last
      } else {
        expected = pair.operation(c).forward(x, {}, {});
      }
      CHECK(close(y, expected));
      // The statistics of that BatchNorm move as without the policy.
      const auto ours = pair.block->bank().at(0, c).module()->named_buffers();
      for (const auto& b : module->named_buffers()) {
        if (b.key().starts_with("norm.") || b.key().starts_with("norm1.")) {
          CHECK(close(ours[b.key()], b.value()));
        }
      }
      if (training && c < 3) check_gradients(pair.block, path);
      copy_shared(*pair.block, *pair.plain);
    }
  }

  Pair<ic::shift<1>> shift(2);
  const Path path{1, 4, 2, 0};
  const auto* mb =
      dynamic_cast<ic::InvertedResidual<3, 3>::Module*>(shift.operation(2).module().get());
  REQUIRE(mb != nullptr);
  {
    at::NoGradGuard no_grad;
    const_cast<ic::InvertedResidual<3, 3>::Module*>(mb)->norm1->bias.add_(
        shift.block->state().table.values(2)[4]);
  }
  CHECK(close(shift.block->forward(input(5), path), shift.plain->forward(input(5), path)));
}

TEST_CASE("composed policies keep their own depth, order and hooks") {
  using Both = ic::compose<ic::bias<1>, ic::split<ic::on_demand, 2>, ic::scale<1>>;
  CHECK(ic::policy_text<Both>() == "compose<bias<1>,split<on_demand,2>,scale<1>>");
  Pair<Both> pair(3);
  ic::testing::randomise(*pair.block, 8);
  CHECK_FALSE(pair.block->is_split());
  const ic::NewParameters added = ic::split_now(*pair.block);
  CHECK(pair.block->is_split());
  CHECK(pair.block->bank().copy_count() == 49);
  CHECK(added.size() == 48 * pair.block->candidate_parameters().size());
  ic::testing::randomise(*pair.block, 9);
  const at::Tensor bias = pair.block->state().state<0>().table.values();
  const at::Tensor scale = pair.block->state().state<2>().table.values();
  CHECK(bias.sizes() == std::vector<std::int64_t>{7, 6, kChannels});
  for (std::uint8_t c = 0; c < 6; ++c) {
    const Path path{0, 2, 5, c};
    const at::Tensor x = input(c);
    const at::Tensor shifted = x * per_channel(scale[5][c]) + per_channel(bias[5][c]);
    CHECK(close(pair.block->forward(x, path),
                pair.block->bank().at(2 * 7 + 5, c).forward(shifted, {}, {})));
  }
  // Segments must know of every choice that is read: two priors for the split.
  CHECK(pair.block->context().depth() == 2);
  CHECK(pair.block->context().prior(1).location == 1);
}

TEST_CASE("a composition has its policies' effects, with all its entries kept, too") {
  using Inputs = ic::compose<ic::bias<1>, ic::none, ic::scale<1>>;
  STATIC_REQUIRE(Inputs::effects == std::array{ic::Effect::kInputShift, ic::Effect::kInputScale});
  const auto observed = []<class Policy>() {
    Block<Policy> block(1, ic::Geometry{.channels = kChannels});
    std::vector<bool> all;
    for (std::size_t c = 0; c < kCandidates; ++c) all.push_back(block->is_observed(c));
    return all;
  };
  const std::vector<bool> all_but_zero{true, true, true, true, true, true, false};
  CHECK(observed.operator()<Inputs>() == all_but_zero);
  CHECK(observed.operator()<ic::keep_inert<Inputs>>() == all_but_zero);
  // Those with a BatchNorm.
  CHECK(observed.operator()<ic::keep_inert<ic::compose<ic::affine<1>, ic::none>>>() ==
        std::vector<bool>{true, true, true, false, false, false, false});
  // A split declares no effects: all count as observed.
  CHECK(observed.operator()<ic::compose<ic::bias<1>, ic::split<0>>>() ==
        std::vector<bool>(kCandidates, true));
}

namespace {

/// y = op_c(h(x)) * 2 with h(x) = x + k / 8: hooks that the library's own policies do not have, and
/// an event. The place in a list, and a policy's own depth, must not matter to anyone.
struct around {
  static constexpr std::string_view name = "around";
  static constexpr std::size_t depth = 3;
};

}  // namespace

template <>
struct ic::dependency_state<around> {
  dependency_state(torch::nn::Module&, const ic::Site& site) : depth(site.context().depth()) {}
  at::Tensor before(const at::Tensor& x, const ic::Selection& at) const {
    return x + static_cast<double>(at.context()) / 8;
  }
  at::Tensor after(const at::Tensor& y, const ic::Selection&) const { return y * 2; }
  ic::NewParameters begin_epoch(std::size_t epoch, ic::CandidateBank&) {
    epochs += epoch;
    return {};
  }
  std::size_t depth;
  std::size_t epochs = 0;
};

TEMPLATE_TEST_CASE(
    "every hook of a composition acts where its policy says, in any order", "",
    (ic::compose<around, ic::affine<1>, ic::bias_sum<2>, ic::scale<1>, ic::split<1, 2>>),
    (ic::compose<ic::split<1, 2>, ic::scale<1>, around, ic::bias_sum<2>, ic::affine<1>>),
    (ic::keep_inert<
        ic::compose<ic::bias_sum<2>, around, ic::split<1, 2>, ic::scale<1>, ic::affine<1>>>)) {
  Pair<TestType> pair(3);
  CHECK(ic::begin_epoch(*pair.block, 0).empty());
  CHECK(ic::begin_epoch(*pair.block, 1).size() == 48 * pair.block->candidate_parameters().size());
  CHECK(pair.block->is_split());
  CHECK(pair.block->can_split());
  ic::testing::randomise(*pair.block, 11);
  const auto parameters = pair.block->named_parameters();
  for (std::uint8_t c = 0; c < 3; ++c) {  // those with a BatchNorm
    const Path path{4, 2, 5, c};
    INFO(Space::candidate_name(3, c));
    const at::Tensor x = input(c);
    at::Tensor h = x + static_cast<double>((4 * 7 + 2) * 7 + 5) / 8;  // far, middle, near prior
    h = h * per_channel(parameters["scale_table"][5][c]);
    const std::string name(Space::candidate_name(3, c));
    const at::Tensor vector =
        parameters["bias_table0"][c] + parameters["bias_table1"][5] + parameters["bias_table2"][2];
    const ic::NormAdjustment adjustment{1 + parameters["gain_table." + name][5],
                                        parameters["shift_table." + name][5]};
    const at::Tensor expected =
        pair.block->bank().at(2 * 7 + 5, c).forward(h, vector, adjustment) * 2;
    CHECK(close(pair.block->forward(x, path), expected));
    CHECK(close(pair.block->forward_deferred(x, path).value, expected));
  }
  // What an extraction would have to know: everything but before and after.
  const std::array<std::uint8_t, 4> path{4, 2, 5, 1};
  ic::Resolution resolution = pair.block->resolution(path);
  CHECK_FALSE(resolution.is_complete);
  for (const auto& [name, constant] : resolution.constants()) CHECK(constant->defined());
}

TEST_CASE("every policy follows its module to another type, and leaves the first path alone") {
  const auto check = [&]<class Policy>() {
    ic::ChoiceBlocks<Space, Policy> blocks(ic::Geometry{.channels = kChannels});
    ic::ChoiceBlocks<Space, ic::none> plain(ic::Geometry{.channels = kChannels});
    copy_shared(*blocks, *plain);
    blocks->to(at::kDouble);
    plain->to(at::kDouble);
    for (const auto& p : blocks->parameters()) CHECK(p.scalar_type() == at::kDouble);
    const Path path{2, 0, 1, 4};
    const at::Tensor y = blocks->forward(input(1), path);
    CHECK(y.scalar_type() == at::kDouble);
    // Before training a policy changes nothing; attention, whose start is random, does.
    const bool starts_neutral = Policy::name != std::string_view("attention");
    CHECK(close(y, plain->forward(input(1), path)) == starts_neutral);
    y.sum().backward();
  };
  check.operator()<ic::bias<3>>();
  check.operator()<ic::bias_sum<3>>();
  check.operator()<ic::scale<2>>();
  check.operator()<ic::attention<1, 2>>();
  check.operator()<ic::shift<2>>();
  check.operator()<ic::affine<1>>();
  check.operator()<ic::compose<ic::affine<1>, ic::bias<1>>>();
}
