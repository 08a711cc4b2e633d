// Choice blocks in a user's own network: own operations, own loop, own policy. Programs 2 and 3 of
// the library's target programs, and what goes wrong on the way.

#include "interchoice/nn/choice_block.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/average_pool.hpp"
#include "interchoice/nn/operations/relu_convolution_norm.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/nn/operations/zero.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/spaces/chain.hpp"
#include "interchoice/training/copy_momentum.hpp"
#include "interchoice/training/unsampled_weights.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Catch::Matchers::Contains;

// --- own operations
// -------------------------------------------------------------------------------

namespace {

/// What was called last, to tell how a block hands the vector over.
std::string last_call;

struct Tripled {  // a plain module
  static constexpr std::string_view name = "tripled";
  struct Module : torch::nn::Module {
    at::Tensor forward(const at::Tensor& x) {
      last_call = "forward";
      return 3 * x;
    }
  };
  std::shared_ptr<Module> build(const ic::Geometry&) const { return std::make_shared<Module>(); }
};

struct Squared {  // takes the vector itself
  static constexpr std::string_view name = "squared";
  struct Module : torch::nn::Module {
    at::Tensor forward(const at::Tensor& x) {
      last_call = "forward";
      return x * x;
    }
    at::Tensor forward_biased(const at::Tensor& x, const at::Tensor& vector) {
      last_call = "forward_biased";
      return (x + vector.view({1, -1, 1, 1})).square();
    }
  };
  std::shared_ptr<Module> build(const ic::Geometry&) const { return std::make_shared<Module>(); }
};

struct Doubled {  // defers the vector, doubled
  static constexpr std::string_view name = "doubled";
  struct Module : torch::nn::Module {
    at::Tensor forward(const at::Tensor& x) {
      last_call = "forward";
      return 2 * x;
    }
    ic::DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& vector) {
      last_call = "forward_deferred";
      return {2 * x, vector.defined() ? 2 * vector : vector};
    }
  };
  std::shared_ptr<Module> build(const ic::Geometry&) const { return std::make_shared<Module>(); }
};

template <int Kernel>
struct ConvBnRelu {  // a libtorch Sequential, as in the second target program
  static constexpr std::string_view name = Kernel == 3 ? "conv3x3" : "conv5x5";
  torch::nn::Sequential build(const ic::Geometry& g) const {
    return torch::nn::Sequential(
        torch::nn::Conv2d(torch::nn::Conv2dOptions(g.channels, g.out_channels, Kernel)
                              .stride(g.stride)
                              .padding(Kernel / 2)
                              .bias(false)),
        torch::nn::BatchNorm2d(g.out_channels), torch::nn::ReLU());
  }
};

struct Pointwise {  // a libtorch module
  static constexpr std::string_view name = "pointwise";
  torch::nn::Conv2d build(const ic::Geometry& g) const {
    return torch::nn::Conv2d(
        torch::nn::Conv2dOptions(g.channels, g.out_channels, 1).stride(g.stride));
  }
};

struct WithoutBuild {
  static constexpr std::string_view name = "x";
};
struct BuildsNoModule {
  static constexpr std::string_view name = "x";
  int build(const ic::Geometry&) const { return 0; }
};
struct NeedsAnArgument : Tripled {
  explicit NeedsAnArgument(int) {}
};

}  // namespace

static_assert(ic::Operation<Tripled> && ic::Operation<Squared> && ic::Operation<Doubled>);
static_assert(ic::Operation<ConvBnRelu<5>> && ic::Operation<Pointwise>);
static_assert(ic::Operation<ic::Zero> && ic::Operation<ic::Skip> && ic::Operation<ic::LinearSkip>);
static_assert(ic::Operation<ic::ReluConvolutionNorm<1>> &&
              ic::Operation<ic::AveragePool3x3<false>>);
static_assert(!ic::Operation<ic::nasbench201::Skip>);  // a name alone
static_assert(!ic::Operation<WithoutBuild> && !ic::Operation<BuildsNoModule>);
static_assert(!ic::Operation<NeedsAnArgument> && !ic::Operation<int>);

// --- an own policy: the third target program
// ------------------------------------------------------

/// y = op_c(x) * (1 + g[p1, c])     a gain after the operation
struct gain {
  static constexpr std::string_view name = "gain";
  static constexpr std::size_t depth = 1;
};

template <>
struct ic::dependency_state<gain> {
  dependency_state(torch::nn::Module& owner, const ic::Site& site) {
    const ic::Context& context = site.context();
    if (context.depth() == 0) return;
    const auto contexts = static_cast<std::int64_t>(context.context_count());
    const auto candidates = static_cast<std::int64_t>(context.candidates());
    table = owner.register_parameter("gain_table", torch::zeros({contexts, candidates}));
  }
  at::Tensor after(const at::Tensor& y, const ic::Selection& at) const {
    return table.defined() ? y * (1 + table.flatten()[static_cast<std::int64_t>(at.row())]) : y;
  }
  at::Tensor table;
};

/// Other hooks of `dependency_state`: before, begin_epoch without split.
struct offset_per_epoch {
  static constexpr std::string_view name = "offset_per_epoch";
  static constexpr std::size_t depth = 0;
};

template <>
struct ic::dependency_state<offset_per_epoch> {
  dependency_state(torch::nn::Module&, const ic::Site&) {}
  at::Tensor before(const at::Tensor& x, const ic::Selection&) const { return x + offset; }
  ic::NewParameters begin_epoch(std::size_t epoch, ic::CandidateBank&) {
    offset = static_cast<double>(epoch);
    return {};
  }
  double offset = 0;
};

static_assert(ic::DependencyPolicy<gain>);
using AnySpace = ic::Chain<1, ic::Candidates<ic::Skip>>;
static_assert(ic::detail::HasState<gain, AnySpace> && ic::detail::HasState<ic::bias<3>, AnySpace>);
struct stateless_policy : gain {};
static_assert(!ic::detail::HasState<stateless_policy, AnySpace>);
static_assert(std::is_empty_v<ic::dependency_state<ic::none>>);

namespace {

using Own = ic::Chain<
    3, ic::Candidates<Tripled, Squared, Doubled, ConvBnRelu<3>, Pointwise, ic::Skip, ic::Zero>>;
using OwnPath = ic::Architecture<Own>;

template <class A, class B>
void copy_shared(const A& from, B& to) {
  const c10::AutoGradMode no_grad(false);
  const auto sources = from->named_parameters();
  for (auto& p : to->named_parameters()) {
    if (const auto* source = sources.find(p.key())) p.value().copy_(*source);
  }
  const auto buffers = from->named_buffers();
  for (auto& b : to->named_buffers()) {
    if (const auto* source = buffers.find(b.key())) b.value().copy_(*source);
  }
}

}  // namespace

TEST_CASE("every kind of operation takes the vector as if it were added to its input") {
  const ic::Geometry geometry{.channels = 3};
  ic::ChoiceBlock<Own, ic::keep_inert<ic::bias<1>>> biased(2, geometry);
  ic::ChoiceBlock<Own, ic::none> plain(2, geometry);
  biased->to(at::kDouble);
  plain->to(at::kDouble);
  ic::testing::randomise(*biased, 1);
  copy_shared(biased, plain);
  biased->eval();
  plain->eval();
  const at::Tensor x =
      at::randn({2, 3, 4, 5}, at::kDouble).contiguous(at::MemoryFormat::ChannelsLast);
  const std::vector<std::string> called{"forward", "forward_biased", "forward_deferred"};
  for (std::uint8_t c = 0; c < 7; ++c) {
    for (const std::uint8_t prior : std::vector<std::uint8_t>{0, 5}) {
      const OwnPath path{2, prior, c};
      INFO(Own::candidate_name(2, c) << " after " << Own::candidate_name(1, prior));
      const at::Tensor vector = biased->state().table.values()[prior][c];
      const at::Tensor shifted = x + vector.view({1, 3, 1, 1});
      last_call.clear();
      const at::Tensor y = biased->forward(x, path);
      if (c < called.size()) CHECK(last_call == called[c]);
      CHECK(at::allclose(y, plain->forward(shifted, path), 1e-12, 1e-12));
      last_call.clear();
      const ic::DeferredBias deferred = biased->forward_deferred(x, path);
      if (c < called.size()) CHECK(last_call == called[c]);
      CHECK(deferred.value.defined() == (Own::candidate_kind(2, c) != ic::CandidateKind::kZero));
      CHECK(at::allclose(ic::node_sum(std::span(&deferred, 1), x), y, 1e-12, 1e-12));
    }
  }
  // Without a vector the operation's own forward is all that runs.
  for (std::uint8_t c = 0; c < 3; ++c) {
    plain->forward(x, OwnPath{0, 0, c});
    CHECK(last_call == "forward");
  }
}

TEST_CASE("the first location of a chain has no table") {
  ic::ChoiceBlocks<Own, ic::keep_inert<ic::bias<2>>> blocks(ic::Geometry{.channels = 4});
  const auto parameters = blocks->named_parameters();
  CHECK(parameters.find("0.bias_table") == nullptr);
  CHECK(parameters["1.bias_table"].sizes() == std::vector<std::int64_t>{7, 7, 4});
  CHECK(parameters["2.bias_table"].sizes() == std::vector<std::int64_t>{7, 7, 7, 4});
  CHECK(parameters.find("0.conv3x3.0.weight") != nullptr);  // candidates by name
  CHECK((*blocks)[1]->context().prior(0).location == 0);
  CHECK((*blocks)[1]->policy() == "keep_inert<bias<2>>");
  CHECK(blocks->size() == 3);
}

// --- program 2: own operations, own network, own loop
// ---------------------------------------------

namespace {

using Space = ic::Chain<4, ic::Candidates<ConvBnRelu<3>, ConvBnRelu<5>, ic::Skip>>;

template <class Policy>
struct MyNetImpl : torch::nn::Module {
  MyNetImpl() {
    register_module("stem", stem);
    register_module("body", body);
    register_module("head", head);
  }
  torch::Tensor forward(torch::Tensor x, const ic::Architecture<Space>& architecture) {
    x = stem(x);
    for (auto& block : *body) x = block->forward(x, architecture);
    return head(x.mean({2, 3}));
  }
  torch::nn::Conv2d stem{torch::nn::Conv2dOptions(3, 8, 3).padding(1)};
  ic::ChoiceBlocks<Space, Policy> body{ic::Geometry{.channels = 8}};
  torch::nn::Linear head{8, 3};
};
template <class Policy>
struct MyNet : torch::nn::ModuleHolder<MyNetImpl<Policy>> {
  using torch::nn::ModuleHolder<MyNetImpl<Policy>>::ModuleHolder;
};

/// Three classes that a small network can learn: which channel is brightest.
struct Batch {
  at::Tensor data;
  at::Tensor target;
};
Batch batch_of(std::uint64_t seed) {
  at::manual_seed(seed);
  Batch batch{at::randn({32, 3, 6, 6}), {}};
  batch.target = at::randint(3, {32}, at::kLong);
  batch.data += 0.7 * at::one_hot(batch.target, 3).to(at::kFloat).view({32, 3, 1, 1});
  return batch;
}

template <class Policy>
void check_training() {
  INFO(ic::policy_text<Policy>());
  at::manual_seed(1);
  MyNet<Policy> net;
  torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  const ic::Sampler sample{ic::Uniform{ic::all<Space>}, ic::Seed{0}};
  const std::size_t parameters = net->parameters().size();
  std::size_t added_parameters = 0;
  double loss_sum[2] = {};  // of the first and the last epoch
  for (std::size_t epoch = 0; epoch < 4; ++epoch) {
    const ic::NewParameters added = ic::begin_epoch(*net, epoch);
    ic::add_new_parameters(sgd, added);
    added_parameters += added.size();
    for (std::uint64_t step = 0; step < 12; ++step) {
      const ic::Architecture<Space> path = sample(epoch, step);
      const Batch batch = batch_of(step);
      net->zero_grad(/*set_to_none=*/false);
      const at::Tensor loss =
          torch::nn::functional::cross_entropy(net->forward(batch.data, path), batch.target);
      loss.backward();
      sgd.step();
      if (epoch == 0) loss_sum[0] += loss.item<double>();
      if (epoch == 3) loss_sum[1] += loss.item<double>();
    }
  }
  CHECK(net->parameters().size() == parameters + added_parameters);
  CHECK(loss_sum[1] < 0.8 * loss_sum[0]);
  std::size_t in_optimizer = 0;
  for (const auto& group : sgd.param_groups()) in_optimizer += group.params().size();
  CHECK(in_optimizer == net->parameters().size());
}

}  // namespace

TEST_CASE("own operations train in an own network and an own loop, with every policy") {
  torch::set_num_threads(1);
  check_training<ic::none>();
  check_training<ic::bias<1>>();
  check_training<ic::split<2>>();
  check_training<gain>();
}

TEST_CASE("an own network's parameters are reported block by block") {
  MyNet<ic::bias<1>> net;
  const auto rows = ic::parameter_report(*net);
  REQUIRE(rows.size() == 6);
  CHECK(rows[0].part == "stem");
  CHECK(rows[1].part == "body.0");
  CHECK(rows[1].plain == 8 * 8 * (9 + 25) + 4 * 8);
  CHECK(rows[1].dependent == 0);
  CHECK(rows[2].dependent == 3 * 3 * 8);
  CHECK(rows[5].plain == 8 * 3 + 3);
}

// --- program 3
// ------------------------------------------------------------------------------------

TEST_CASE("an own policy does what it says, in a chain") {
  MyNet<gain> net;
  MyNet<ic::none> plain;
  ic::testing::randomise(*net, 2);
  net->eval();
  plain->eval();
  copy_shared(net, plain);
  const at::Tensor x = at::randn({2, 3, 5, 5});
  const ic::Architecture<Space> path{1, 0, 2, 1};
  at::Tensor y = plain->stem(x);
  for (std::size_t i = 0; i < 4; ++i) {
    y = (*plain->body)[i]->forward(y, path);
    if (i > 0) y = y * (1 + (*net->body)[i]->state().table[path[i - 1]][path[i]]);
  }
  CHECK(at::allclose(net->forward(x, path), plain->head(y.mean({2, 3})), 1e-5, 1e-6));
  net->forward(x, path).sum().backward();
  const at::Tensor gradient = (*net->body)[2]->state().table.grad();
  CHECK(gradient.count_nonzero().item<std::int64_t>() == 1);
  CHECK(gradient[0][2].item<double>() != 0);
}

TEST_CASE("an own policy works in a ready network, with its segments and reports") {
  using Nb201 = ic::NasBench201Space;
  const ic::NasBench201Options small{.width = 4, .cells_per_stage = {1, 1}};
  ic::Supernet<ic::NasBench201<>, gain> net(small);
  ic::Supernet<ic::NasBench201<>, ic::none> plain(small);
  ic::testing::randomise(*net, 3);
  copy_shared(net, plain);
  const at::Tensor x = at::randn({2, 3, 6, 6});
  const ic::Sampler sample{ic::Uniform{ic::no_zero<Nb201>}, ic::Seed{1}};
  const auto path = sample(0, 0);
  CHECK_FALSE(at::allclose(net->forward(x, path), plain->forward(x, path)));
  CHECK(at::equal(ic::run_segments(*net, x, path), net->forward(x, path)));
  CHECK(net->segments()[5].choices ==
        std::vector<std::size_t>{0, 5});  // first node of the second cell
  CHECK(ic::parameter_total(ic::parameter_report(*net)).dependent == 11 * 25);
  {
    const c10::AutoGradMode no_grad(false);
    for (auto& p : net->named_parameters()) {
      if (p.key().ends_with("gain_table")) p.value().zero_();
    }
  }
  for (std::uint64_t step = 0; step < 4; ++step) {
    CHECK(at::allclose(net->forward(x, sample(0, step)), plain->forward(x, sample(0, step)), 1e-5,
                       1e-6));
  }
}

TEST_CASE("each hook of a policy works without the others") {
  ic::ChoiceBlock<Own, offset_per_epoch> block(1, ic::Geometry{.channels = 3});
  const at::Tensor x = at::randn({1, 3, 2, 2});
  CHECK(at::equal(block->forward(x, OwnPath{0, 0, 0}), 3 * x));
  CHECK(ic::begin_epoch(*block, 2).empty());
  CHECK(at::equal(block->forward(x, OwnPath{0, 2, 0}), 2 * (x + 2.0)));
  const ic::DeferredBias deferred = block->forward_deferred(x, OwnPath{0, 5, 0});
  CHECK(at::equal(deferred.value, x + 2.0));
  CHECK_FALSE(block->can_split());
  CHECK_FALSE(block->is_split());
}

// --- geometry and misuse
// --------------------------------------------------------------------------

namespace {

using Strided = ic::MixedChain<
    ic::Candidates<ConvBnRelu<3>, Pointwise, ic::LinearSkip, ic::Zero>,
    ic::Candidates<ic::Skip, ic::AveragePool3x3<>>,
    ic::Candidates<ic::ReluConvolutionNorm<1>, ic::ReluConvolutionNorm<3>, ic::Zero>>;

}  // namespace

TEST_CASE("a mixed chain with strides takes each choice's own candidates and shapes") {
  const std::vector<ic::Geometry> geometries{{.channels = 3, .out_channels = 6, .stride = 2},
                                             {.channels = 6},
                                             {.channels = 6, .out_channels = 4, .stride = 2}};
  ic::ChoiceBlocks<Strided, ic::keep_inert<ic::bias<2>>> blocks(geometries);
  ic::testing::randomise(*blocks, 4);
  for (const std::int64_t size : {5, 8}) {
    const at::Tensor x = at::randn({2, 3, size, size + 1});
    const std::int64_t half = (size + 1) / 2;
    const std::int64_t other = (size + 2) / 2;
    for (std::uint8_t a = 0; a < 4; ++a) {
      for (std::uint8_t b = 0; b < 2; ++b) {
        for (std::uint8_t c = 0; c < 3; ++c) {
          const ic::Architecture<Strided> path{a, b, c};
          const at::Tensor y = (*blocks)[0]->forward(x, path);
          CHECK(y.sizes() == std::vector<std::int64_t>{2, 6, half, other});
          const at::Tensor z = blocks->forward(x, path);
          CHECK(z.sizes() == std::vector<std::int64_t>{2, 4, (half + 1) / 2, (other + 1) / 2});
        }
      }
    }
  }
  CHECK(blocks->named_parameters()["2.bias_table"].sizes() ==
        std::vector<std::int64_t>{4, 2, 3, 6});
  // Each choice has its own indices: candidate 1 of choice 1 is the pool.
  const at::Tensor y = at::randn({1, 6, 4, 4});
  const at::Tensor vector = (*blocks)[1]->state().table.values()[0][1];
  CHECK(at::allclose((*blocks)[1]->forward(y, ic::Architecture<Strided>{0, 1, 0}),
                     at::avg_pool2d(y + vector.view({1, 6, 1, 1}), {3, 3}, {1, 1}, {1, 1}), 1e-5,
                     1e-6));
}

TEST_CASE("geometries that a candidate cannot serve are refused when the block is built") {
  using ic::Geometry;
  CHECK_THROWS_WITH(
      (ic::ChoiceBlocks<Strided, ic::none>(Geometry{.channels = 4, .out_channels = 8})),
      Contains("interchoice: Skip needs equal channels and stride 1, got 4 -> 8, stride 1; use "
               "LinearSkip"));
  CHECK_THROWS_WITH(
      ic::AveragePool3x3<>().build({.channels = 4, .stride = 2}),
      Contains(
          "interchoice: AveragePool3x3 needs equal channels and stride 1, got 4 -> 4, stride 2"));
  CHECK_THROWS_WITH((ic::ChoiceBlocks<Strided, ic::none>(std::vector<Geometry>(2))),
                    Contains("interchoice: a chain of 3 choices needs as many geometries, got 2"));
  CHECK_THROWS_AS((ic::ChoiceBlock<Strided, ic::none>(3, Geometry{})), std::out_of_range);
  CHECK_THROWS_WITH(
      (ic::ChoiceBlock<ic::NasBench201Space, ic::none>(
          0, Geometry{}, ic::Response::kObserved,
          ic::operations_of<ic::Candidates<ic::Skip, ic::Zero>>)),
      Contains("interchoice: location 0 has 5 candidates, got 2 operations; give one for each"));
  // A policy looks at every candidate when it is made: not before their number is known to fit.
  CHECK_THROWS_WITH(
      (ic::ChoiceBlock<ic::NasBench201Space, ic::bias<1>>(
          1, Geometry{}, ic::Response::kObserved,
          ic::operations_of<ic::Candidates<ic::Skip, ic::Zero>>)),
      Contains("interchoice: location 1 has 5 candidates, got 2 operations; give one for each"));
  // Operations put together by hand count as able to show everything.
  std::vector<ic::AnyOperation> by_hand =
      ic::operations_of<ic::Chain<1, ic::Candidates<ic::Zero>>>(0);
  by_hand = {ic::AnyOperation{by_hand[0].name, by_hand[0].build}};
  CHECK(by_hand[0].responses(Geometry{}) == ic::Responses{});
  CHECK_THROWS_WITH(
      (ic::CellBlocks<ic::NasBench201Space, ic::none>(
          0, Geometry{.channels = 2, .stride = 2}, ic::Response::kObserved,
          ic::operations_of<ic::NasBench201<ic::LinearSkip>::EdgeOperations>)),
      Contains(
          "interchoice: AveragePool3x3 needs equal channels and stride 1, got 2 -> 2, stride 2"));
}

namespace {

/// Pays no attention to the geometry.
struct FixedWidth {
  static constexpr std::string_view name = "fixed_width";
  torch::nn::Conv2d build(const ic::Geometry& g) const {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(g.channels, 3, 3).padding(1));
  }
};
/// Shrinks its input by its borders.
struct Unpadded {
  static constexpr std::string_view name = "unpadded";
  torch::nn::Conv2d build(const ic::Geometry& g) const {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(g.channels, g.out_channels, 3));
  }
};
/// Mixes the channels of tokens [N, T, C].
struct TokenLinear {
  static constexpr std::string_view name = "linear";
  torch::nn::Linear build(const ic::Geometry& g) const {
    return torch::nn::Linear(g.channels, g.out_channels);
  }
};

}  // namespace

TEMPLATE_TEST_CASE("a candidate that makes another shape than asked for is named", "", ic::none,
                   ic::bias<1>, gain) {
  using Careless = ic::Chain<2, ic::Candidates<FixedWidth, Unpadded, Pointwise>>;
  using Tokens = ic::Chain<2, ic::Candidates<TokenLinear, ic::Skip>>;
  const at::Tensor x = at::randn({2, 3, 5, 6});
  const auto forward = [&](const ic::Geometry& geometry, std::uint8_t c) {
    ic::ChoiceBlock<Careless, TestType> block(1, geometry);
    const ic::Architecture<Careless> path{0, c};
    const at::Tensor deferred = block->forward_deferred(x, path).value;
    const bool agree = deferred.sizes() == block->forward(x, path).sizes();
    CHECK(agree);
  };
  forward({.channels = 3}, 0);
  forward({.channels = 3, .out_channels = 4, .stride = 2}, 2);
  CHECK_THROWS_WITH(
      forward({.channels = 3, .out_channels = 4}, 0),
      Contains(
          "interchoice: candidate 'fixed_width' at location 1 makes [2, 3, 5, 6] of [2, 3, 5, 6], "
          "where [2, 4, 5, 6] is asked for (3 -> 4 channels, stride 1); let its "
          "`build(geometry)` use geometry.channels, out_channels and stride"));
  CHECK_THROWS_WITH(forward({.channels = 3, .stride = 2}, 0),
                    Contains("where [2, 3, 3, 3] is asked for (3 -> 3 channels, stride 2)"));
  CHECK_THROWS_WITH(forward({.channels = 3}, 1), Contains("'unpadded' at location 1 makes "
                                                          "[2, 3, 3, 4]"));
  const ic::Geometry tokens{.channels = 3, .out_channels = 5, .axis = ic::ChannelAxis::kLast};
  ic::ChoiceBlock<Tokens, TestType> block(
      1, ic::Geometry{.channels = 3, .axis = ic::ChannelAxis::kLast});
  const at::Tensor t = at::randn({2, 7, 3});
  CHECK(block->forward(t, {0, 0}).sizes() == t.sizes());
  ic::ChoiceBlock<ic::Chain<2, ic::Candidates<TokenLinear>>, TestType> wide(1, tokens);
  CHECK(wide->forward(t, {0, 0}).sizes() == std::vector<std::int64_t>{2, 7, 5});
}

TEST_CASE("what a block cannot give is refused by its name") {
  struct Mixed : torch::nn::Module {
    Mixed() {
      const ic::Geometry geometry{.channels = 2};
      register_module("first", ic::ChoiceBlock<Space, ic::bias<1>>(1, geometry));
      register_module("second", ic::ChoiceBlock<Space, gain>(1, geometry));
    }
  };
  CHECK_THROWS_WITH(ic::split_now(*std::make_shared<Mixed>()),
                    Contains("interchoice: split_now: no choice block of the network can split, "
                             "such as 'first', whose policy is bias<1>; give them"));
  const ic::detail::EmptyBlocks subnet;
  ic::ChoiceBlock<Space, ic::bias<1>> fixed(2, ic::Geometry{.channels = 2});
  CHECK_THROWS_WITH(fixed->state(), Contains("interchoice: location 2 of a subnet has no "
                                             "dependency state; ask the super-network's block"));
}

TEST_CASE("blocks are found wherever they are in a network") {
  struct Nested : torch::nn::Module {
    Nested() {
      auto inner = register_module("inner", std::make_shared<torch::nn::Module>());
      inner->register_module("blocks",
                             ic::ChoiceBlocks<Space, ic::split<1>>(ic::Geometry{.channels = 2}));
      register_module("single",
                      ic::ChoiceBlock<Space, ic::split<2>>(1, ic::Geometry{.channels = 2}));
    }
  };
  const auto net = std::make_shared<Nested>();
  CHECK(ic::begin_epoch(*net, 0).empty());
  const ic::NewParameters first = ic::begin_epoch(*net, 1);
  CHECK(first.size() == 3 * 2 * 2 * 3);  // 3 locations, 2 more copies, 2 convolutions with norm
  CHECK(first.begin()->name == "inner.blocks.1.copy1.conv3x3.0.weight");
  CHECK(ic::is_split(*net));
  CHECK(ic::begin_epoch(*net, 2).size() == 2 * 2 * 3);
  // A block on its own has names without a prefix.
  ic::ChoiceBlock<Space, ic::split<0>> alone(1, ic::Geometry{.channels = 2});
  CHECK(ic::begin_epoch(*alone, 0).begin()->name == "copy1.conv3x3.0.weight");
}
