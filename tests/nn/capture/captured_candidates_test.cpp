// Candidates that run as recordings: with a recorder on the processor everything but the graphs
// themselves. Captured and eager agree to the bit: results, gradients, buffers, optimizer.

#include "interchoice/nn/capture/captured_candidates.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/nn.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/nn/capture/detail/noted_versions.hpp"
#include "interchoice/nn/choice_block.hpp"
#include "interchoice/nn/fold_batch_norm.hpp"
#include "interchoice/nn/operations/tokens.hpp"
#include "interchoice/nn/synchronised_batch_norm.hpp"
#include "networks/last_used_split.hpp"
#include "nn/capture/captured_against_eager.hpp"
#include "nn/capture/host_recorder.hpp"
#include "support/catch.hpp"
#include "support/thread_group.hpp"

namespace ic = interchoice;
using namespace ic::testing::captured;
using Catch::Matchers::Contains;

namespace {

std::shared_ptr<ic::testing::HostRecorder> host_recorder() {
  at::set_num_threads(1);  // the tensors are tiny
  return std::make_shared<ic::testing::HostRecorder>();
}

/// Equal to the bit, and mostly by recordings.
template <class Policy>
void check_on_host(const Check& check) {
  const auto recorder = host_recorder();
  const ic::CaptureCounts counts = check_policy<Policy>(recorder, check);
  CHECK(counts.captures > 10);
  CHECK(counts.replays > counts.captures);
  CHECK(recorder->replays > counts.replays);  // backward passes, too
}

/// Takes the warnings.
struct Warnings : c10::WarningHandler {
  void process(const c10::Warning& warning) override { texts.push_back(warning.msg()); }
  std::vector<std::string> texts;
  c10::WarningUtils::WarningHandlerGuard guard{this};
};

// --- operations of one's own
// -------------------------------------------------------------------------------

/// What the module below does, told from outside.
struct Behaviour {
  std::function<at::Tensor(const at::Tensor& h)> then = [](const at::Tensor& h) { return h; };
  std::function<void(const at::Tensor& x)> before = [](const at::Tensor&) {};
};
Behaviour behaviour;

/// A product per channel, and whatever a test says.
struct Product {
  static constexpr std::string_view name = "product";
  struct Module : torch::nn::Module {
    explicit Module(std::int64_t channels)
        : weight(register_parameter("weight", at::linspace(0.5, 1.5, channels))),
          seen(register_buffer("seen", at::zeros({}))) {}
    at::Tensor forward(const at::Tensor& x) {
      behaviour.before(x);
      if (is_training()) seen.add_(1);
      return behaviour.then(x * weight.view({1, -1, 1, 1}));
    }
    at::Tensor weight;
    at::Tensor seen;
  };
  std::shared_ptr<Module> build(const ic::Geometry& geometry) const {
    return std::make_shared<Module>(geometry.channels);
  }
};

/// Defers an image of the vector.
struct Deferring {
  static constexpr std::string_view name = "deferring";
  struct Module : torch::nn::Module {
    explicit Module(std::int64_t channels)
        : weight(register_parameter("weight", at::linspace(0.5, 1.5, channels))) {}
    at::Tensor forward(const at::Tensor& x) { return x * weight.view({1, -1, 1, 1}); }
    ic::DeferredBias forward_deferred(const at::Tensor& x, const at::Tensor& vector) {
      return {forward(x), vector.defined() ? vector * weight : vector};
    }
    at::Tensor weight;
  };
  std::shared_ptr<Module> build(const ic::Geometry& geometry) const {
    return std::make_shared<Module>(geometry.channels);
  }
};

using Line = ic::Chain<2, ic::Candidates<Product, Deferring, ic::ReluConvolutionNorm<3, true>>>;
using Path = ic::Architecture<Line>;
const Path kProduct{0, 0};
const Path kDeferring{0, 1};
const Path kConvolution{0, 2};

template <class Policy>
using Block = ic::ChoiceBlock<Line, Policy>;

/// Two blocks of the same weights at location 1, one of them captured.
template <class Policy>
struct Pair {
  explicit Pair(ic::CaptureOptions options = {.eager_passes = 0})
      : eager(block()), run(block()), captured(run, recorder, options) {
    behaviour = {};
  }

  static Block<Policy> block() {
    at::manual_seed(1);
    Block<Policy> block(1, ic::Geometry{.channels = 3});
    randomise_tables(*block);
    return block;
  }

  at::Tensor input(std::uint64_t seed) const {
    at::manual_seed(seed);
    return at::randn({2, 3, 4, 4}).contiguous(at::MemoryFormat::ChannelsLast);
  }

  /// A pass forward and backward of both, and what it did.
  void check_pass(const Path& path, std::uint64_t seed = 3) {
    std::vector<State> states;
    for (Block<Policy>* block : {&eager, &run}) {
      const at::Tensor x = input(seed).requires_grad_();
      at::Tensor y = (*block)->forward(x, path);
      (y * y).mean().backward();
      State state = state_of(**block);
      state["y"] = y.detach().clone();
      state["x.gradient"] = x.grad().clone();
      states.push_back(std::move(state));
    }
    check_equal(states[0], states[1]);
  }
  const ic::CaptureCounts& counts() const { return captured.counts(); }

  std::shared_ptr<ic::testing::HostRecorder> recorder = host_recorder();
  Block<Policy> eager;
  Block<Policy> run;
  ic::CapturedCandidates captured;
};

}  // namespace

// --- every policy
// -------------------------------------------------------------------------------

TEST_CASE("captured candidates are equal to eager ones: none") { check_on_host<ic::none>({}); }
TEST_CASE("captured candidates are equal to eager ones: bias") { check_on_host<ic::bias<1>>({}); }
TEST_CASE("captured candidates are equal to eager ones: scale") { check_on_host<ic::scale<1>>({}); }
TEST_CASE("captured candidates are equal to eager ones: attention") {
  check_on_host<ic::attention<2>>({});
}
TEST_CASE("captured candidates are equal to eager ones: affine") {
  check_on_host<ic::affine<1>>({});
}
TEST_CASE("captured candidates are equal to eager ones: split") {
  check_on_host<ic::split<1>>({.epochs = 3, .steps = 24});
}
TEST_CASE("captured candidates are equal to eager ones: a composition") {
  check_on_host<ic::compose<ic::bias<1>, ic::scale<1>, ic::split<2>>>({.epochs = 3, .steps = 24});
}
TEST_CASE("captured candidates are equal to eager ones: bfloat16") {
  check_on_host<ic::bias<1>>({.precision = ic::Precision::kBfloat16});
}

// --- when
// ---------------------------------------------------------------------------------------

TEST_CASE("a candidate is captured once for each form of its passes") {
  Pair<ic::bias<1>> pair({.eager_passes = 1});
  for (int i = 0; i < 5; ++i) pair.check_pass(kConvolution);
  CHECK(pair.counts().captures == 1);
  CHECK(pair.counts().eager == 1);
  CHECK(pair.counts().replays == 4);
  CHECK(pair.recorder->recordings == 2);   // forward and backward
  CHECK(pair.recorder->replays == 4 + 3);  // the first backward pass is libtorch's
  for (int i = 0; i < 3; ++i) pair.check_pass(kDeferring);
  CHECK(pair.counts().captures == 2);
  const auto passes = [&](const std::function<void(Block<ic::bias<1>>&)>& pass) {
    for (int i = 0; i < 3; ++i) {
      pass(pair.eager);
      pass(pair.run);
    }
    return pair.counts().captures;
  };
  const c10::NoGradGuard no_grad;
  const auto forward = [&](Block<ic::bias<1>>& block) {
    block->forward(pair.input(4), kConvolution);
  };
  CHECK(passes(forward) == 3);  // without gradients, in training mode
  pair.eager->eval();
  pair.run->eval();
  CHECK(passes(forward) == 4);
  CHECK(passes([&](Block<ic::bias<1>>& block) {
          block->forward(pair.input(4).slice(0, 0, 1), kConvolution);
        }) == 5);  // another shape
  CHECK(passes([&](Block<ic::bias<1>>& block) {
          block->forward(pair.input(4).contiguous(), kConvolution);
        }) == 6);  // another layout
  CHECK(passes([&](Block<ic::bias<1>>& block) {
          const ic::PrecisionScope scope(ic::Precision::kBfloat16, at::kCPU);
          block->forward(pair.input(4), kConvolution);
        }) == 7);
  CHECK(passes(forward) == 7);
  const ic::FoldBatchNorm folded;
  CHECK(passes(forward) == 7);
  pair.eager->train();
  pair.run->train();
  check_equal(state_of(*pair.eager), state_of(*pair.run));
}

TEST_CASE("candidates run themselves where BatchNorms are over several ranks") {
  const auto counts = ic::testing::on_threads(2, [](const ic::Group& group) {
    Block<ic::none> block = Pair<ic::none>::block();
    const ic::CapturedCandidates captured(block, host_recorder(), {.eager_passes = 0});
    const at::Tensor x = at::randn({2, 3, 4, 4});
    {
      const ic::SynchronisedBatchNorm scope(group);
      block->forward(x, kConvolution);
    }
    const auto within = captured.counts().captures;
    block->forward(x, kConvolution);
    return std::pair(within, captured.counts().captures);
  });
  for (const auto& [within, after] : counts) CHECK((within == 0 && after == 1));
}

TEST_CASE("candidates run themselves again behind the scope") {
  Block<ic::none> block = Pair<ic::none>::block();
  const auto recorder = host_recorder();
  const at::Tensor x = at::randn({2, 3, 4, 4});
  at::Tensor y;
  {
    const ic::CapturedCandidates captured(block, recorder, {.eager_passes = 0});
    y = block->forward(x, kConvolution);
    CHECK(captured.counts().replays == 1);
    CHECK_THROWS_WITH(ic::CapturedCandidates(block, recorder), Contains("are captured already"));
  }
  y.sum().backward();  // through a graph of a scope that is over
  CHECK(block->bank().at(0, 2).module()->parameters()[0].grad().defined());
  block->forward(x, kConvolution);
  CHECK(recorder->replays == 1);
  const ic::CapturedCandidates again(block, recorder);
}

TEST_CASE("graphs take no more memory than they may") {
  const std::size_t image = 2 * 3 * 4 * 4 * sizeof(float);
  const std::size_t both = 2 * (image + 100);  // forward and backward: what they read and take
  for (const std::size_t most_bytes : {both - 1, std::size_t{0}}) {
    Warnings warnings;
    Pair<ic::none> pair({.eager_passes = 0, .most_bytes = most_bytes});
    pair.recorder->bytes_of_recording = 100;
    pair.recorder->bytes_of_device = 2 * both - 2;
    for (int i = 0; i < 3; ++i) pair.check_pass(kConvolution);
    CHECK(pair.counts().bytes == both);
    for (int i = 0; i < 3; ++i) pair.check_pass(kProduct);
    CHECK(pair.counts().captures == 1);
    CHECK(pair.counts().bytes == both);
    REQUIRE(warnings.texts.size() == 1);
    CHECK_THAT(warnings.texts[0], Contains("graphs take " + std::to_string(both) +
                                           " bytes of the device's memory; other candidates"));
    // What is dropped gives its memory back.
    for (at::Tensor p : pair.run->bank().at(0, 2).module()->parameters()) {
      p.set_data(p.detach().clone());
    }
    pair.run->forward(pair.input(1).requires_grad_(), kConvolution);
    CHECK(pair.counts().captures == 2);
    CHECK(pair.counts().bytes == both / 2);
  }
}

// --- what cannot be captured
// ---------------------------------------------------------------------------------

TEST_CASE("random numbers are drawn eagerly, and a warning says so once") {
  Warnings warnings;
  Pair<ic::bias<1>> pair;
  Block<ic::bias<1>>* now = nullptr;
  behaviour.then = [&](const at::Tensor& h) { return at::dropout(h, 0.5, (*now)->is_training()); };
  const auto pass = [&](Block<ic::bias<1>>& block) {
    now = &block;
    at::manual_seed(9);
    const at::Tensor y = block->forward(pair.input(3), kProduct);
    return at::cat({y.flatten(), at::rand({2})});  // the generator is where it would be
  };
  for (int i = 0; i < 3; ++i) CHECK(at::equal(pass(pair.eager), pass(pair.run)));
  CHECK(pair.counts().captures == 0);
  REQUIRE(warnings.texts.size() == 1);
  CHECK_THAT(warnings.texts[0],
             Contains("candidate 'product' runs eagerly, not as a graph: it draws random numbers"));
  check_equal(state_of(*pair.eager), state_of(*pair.run));
  pair.eager->eval();
  pair.run->eval();
  for (int i = 0; i < 3; ++i) CHECK(at::equal(pass(pair.eager), pass(pair.run)));
  CHECK(pair.counts().captures == 1);  // dropout draws nothing there
  CHECK(warnings.texts.size() == 1);
}

TEST_CASE("what throws while it is recorded runs eagerly") {
  Warnings warnings;
  Pair<ic::none> pair;
  behaviour.before = [&](const at::Tensor&) {
    TORCH_CHECK(!pair.recorder->is_recording, "the host waits for the device");
  };
  for (int i = 0; i < 3; ++i) pair.check_pass(kProduct);
  CHECK(pair.counts().captures == 0);
  CHECK(pair.counts().eager == 3);
  REQUIRE(warnings.texts.size() == 1);
  CHECK_THAT(warnings.texts[0], Contains("not as a graph: the host waits for the device"));
  behaviour.before = [](const at::Tensor&) { throw std::runtime_error("broken"); };
  CHECK_THROWS_WITH(pair.run->forward(pair.input(1), kProduct), "broken");
}

TEST_CASE("a candidate that writes to its input runs eagerly") {
  Warnings warnings;
  Pair<ic::none> pair;
  const c10::NoGradGuard no_grad;
  behaviour.before = [](const at::Tensor& x) { x.add_(1); };
  for (int i = 0; i < 2; ++i) {
    const at::Tensor a = pair.input(2);
    const at::Tensor b = pair.input(2);
    CHECK(at::equal(pair.eager->forward(a, kProduct), pair.run->forward(b, kProduct)));
    CHECK(at::equal(a, b));
  }
  CHECK(pair.counts().captures == 0);
  REQUIRE(warnings.texts.size() == 1);
  CHECK_THAT(warnings.texts[0], Contains("it writes to its input"));
  check_equal(state_of(*pair.eager), state_of(*pair.run));
}

TEST_CASE("a captured candidate has no second derivative, and says so") {
  Pair<ic::none> pair;
  const at::Tensor x = pair.input(1).requires_grad_();
  const at::Tensor y = pair.run->forward(x, kProduct).square().sum();
  CHECK_THROWS_WITH(torch::autograd::grad({y}, {x}, {}, true, /*create_graph=*/true),
                    Contains("a captured candidate has no second derivative"));
}

// --- weights that move
// ------------------------------------------------------------------------------------

TEST_CASE("graphs follow weights to other memory") {
  Pair<ic::none> pair;
  const auto change = [&](const std::function<void(at::Tensor&)>& to) {
    for (Block<ic::none>* block : {&pair.eager, &pair.run}) {
      for (at::Tensor& p : (*block)->bank().at(0, 2).module()->parameters()) to(p);
    }
  };
  std::size_t captures = 1;
  const auto check = [&](bool is_captured_again) {
    for (std::uint64_t i = 0; i < 3; ++i) pair.check_pass(kConvolution, i);
    captures += is_captured_again ? 1 : 0;
    CHECK(pair.counts().captures == captures);
  };
  check(false);
  change([](at::Tensor& p) {
    const c10::NoGradGuard no_grad;
    p.mul_(1.5);
  });
  check(false);
  change([](at::Tensor& p) { p.mutable_grad().reset(); });
  check(false);
  change([](at::Tensor& p) { p.set_data(p.detach() * 0.5); });
  check(true);
  change([](at::Tensor& p) { p.set_requires_grad(false); });
  check(true);
  change([](at::Tensor& p) { p.set_requires_grad(true); });
  for (Block<ic::none>* block : {&pair.eager, &pair.run}) (*block)->to(at::kFloat);
  check(true);
}

TEST_CASE("copies of a split that share memory are captured apart") {
  using Policy = ic::split<ic::on_demand>;
  Pair<Policy> pair;
  for (std::uint64_t i = 0; i < 2; ++i) pair.check_pass(kConvolution, i);
  CHECK(pair.counts().captures == 1);
  pair.eager->split_now();
  pair.run->split_now();
  for (std::uint64_t i = 0; i < 3; ++i) {
    for (std::uint8_t prior = 0; prior < 3; ++prior) pair.check_pass(Path{prior, 2}, i);
  }
  // Copy 0 may have been captured again, as the memory that it shared is another's then.
  CHECK(pair.counts().captures >= 3);
  CHECK(pair.counts().captures <= 4);
}

TEST_CASE("weights that move all the time are not captured for ever") {
  Warnings warnings;
  using Policy = ic::testing::last_used_split;
  Pair<Policy> pair;
  pair.eager->split_now();
  pair.run->split_now();
  for (std::uint64_t i = 0; i < 20; ++i) {
    pair.check_pass(Path{static_cast<std::uint8_t>(i % 2), 2}, i);
  }
  CHECK(pair.counts().captures <= 6);
  REQUIRE(warnings.texts.size() == 1);
  CHECK_THAT(warnings.texts[0], Contains("its weights move to other memory again and again"));
}

// --- results that are still needed
// --------------------------------------------------------------------------------

TEST_CASE("a second pass before the first one's backward runs eagerly") {
  Pair<ic::bias<1>> pair;
  for (int i = 0; i < 3; ++i) {
    std::vector<State> states;
    for (Block<ic::bias<1>>* block : {&pair.eager, &pair.run}) {
      const at::Tensor a = (*block)->forward(pair.input(1), kConvolution);
      const at::Tensor b = (*block)->forward(pair.input(2), kConvolution);
      a.square().sum().backward();
      b.square().sum().backward();
      states.push_back(state_of(**block));
      states.back()["a"] = a.detach();
      states.back()["b"] = b.detach();
    }
    check_equal(states[0], states[1]);
  }
  CHECK(pair.counts().replays == 3);
  CHECK(pair.counts().eager == 3);
}

TEST_CASE("results and gradients that are kept stay what they are") {
  Pair<ic::none> pair;
  const c10::AutoGradMode with_gradients(true);
  std::vector<at::Tensor> kept;
  std::vector<at::Tensor> expected;
  for (std::uint64_t i = 0; i < 6; ++i) {
    for (Block<ic::none>* block : {&pair.eager, &pair.run}) {
      auto& results = block == &pair.run ? kept : expected;
      const at::Tensor x = pair.input(i).requires_grad_();
      const at::Tensor y = (*block)->forward(x, kConvolution);
      const at::Tensor loss = y.square().mean();
      const auto weights = (*block)->bank().at(0, 2).module()->parameters();
      // Twice through one run: the graph's memory would be the same.
      for (const auto& gradients :
           {torch::autograd::grad({loss}, {x, weights[0]}, {}, /*retain_graph=*/true),
            torch::autograd::grad({loss * 2}, {x, weights[0]})}) {
        if (i % 2 == 0) results.insert(results.end(), gradients.begin(), gradients.end());
      }
      if (i % 3 == 0) results.push_back(y.detach());
    }
  }
  REQUIRE(kept.size() == expected.size());
  for (std::size_t i = 0; i < kept.size(); ++i) CHECK(at::equal(kept[i], expected[i]));
  CHECK(pair.counts().replays > 0);
}

TEST_CASE("gradients of weights are nobody else's memory") {
  Pair<ic::none> pair;
  for (std::uint64_t i = 0; i < 4; ++i) {
    if (i % 2 == 0) {
      pair.eager->zero_grad(/*set_to_none=*/true);
      pair.run->zero_grad(/*set_to_none=*/true);
    }
    pair.check_pass(kConvolution, i);
  }
  std::vector<at::Tensor> before;
  for (const at::Tensor& p : pair.run->parameters()) before.push_back(p.grad());
  pair.run->zero_grad(/*set_to_none=*/true);
  std::vector<at::Tensor> values;
  for (const at::Tensor& g : before) values.push_back(g.defined() ? g.clone() : g);
  pair.run->forward(pair.input(8), kConvolution).sum().backward();
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].defined()) CHECK(at::equal(before[i], values[i]));
  }
}

TEST_CASE("a history serves while its tensors have the versions that were noted") {
  const at::Tensor x = at::randn({3}).requires_grad_();
  const at::Tensor y = x * x;
  const ic::detail::NotedVersions noted({x, at::Tensor()});
  {
    const c10::NoGradGuard no_grad;
    x.add_(1);
  }
  const auto gradient = [&] { return torch::autograd::grad({y}, {x}, {at::ones({3})}, true)[0]; };
  CHECK_THROWS_WITH(gradient(), Contains("modified by an inplace operation"));
  const std::int64_t version = x._version();
  {
    const ic::detail::NotedVersions::Scope scope(noted);
    CHECK(at::equal(gradient(), 2 * x));  // of the values that are there now
  }
  CHECK(x._version() == version);
}

TEST_CASE("hooks of weights see a gradient once") {
  Pair<ic::none> pair;
  std::size_t calls = 0;
  for (Block<ic::none>* block : {&pair.eager, &pair.run}) {
    at::Tensor weight = (*block)->bank().at(0, 2).module()->parameters()[0];
    weight.register_hook([&](const at::Tensor& gradient) {
      ++calls;
      return gradient * 3;
    });
  }
  for (std::uint64_t i = 0; i < 4; ++i) pair.check_pass(kConvolution, i);
  CHECK(calls == 8);
  CHECK(pair.counts().replays == 4);
}

TEST_CASE("a backward pass that cannot be recorded runs as libtorch runs it") {
  struct Refusing : torch::autograd::Function<Refusing> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& h,
                              const ic::testing::HostRecorder* recorder) {
      context->saved_data["recorder"] = reinterpret_cast<std::int64_t>(recorder);
      return h * 2;
    }
    static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context,
                                            const std::vector<at::Tensor>& gradients) {
      const auto* recorder = reinterpret_cast<const ic::testing::HostRecorder*>(
          context->saved_data["recorder"].toInt());
      TORCH_CHECK(!recorder->is_recording, "no backward pass here");
      return {gradients[0] * 2, {}};
    }
  };
  Warnings warnings;
  Pair<ic::bias<1>> pair;
  behaviour.then = [recorder = pair.recorder.get()](const at::Tensor& h) {
    return Refusing::apply(h, recorder);
  };
  for (std::uint64_t i = 0; i < 4; ++i) pair.check_pass(kProduct, i);
  CHECK(pair.counts().replays == 4);
  REQUIRE(warnings.texts.size() == 1);
  CHECK_THAT(warnings.texts[0], Contains("a backward pass runs eagerly, not as a graph: no back"));
}

TEST_CASE("the result of a captured candidate may be overwritten where an eager one's may") {
  Pair<ic::none> pair;
  const auto pass = [&](Block<ic::none>& block, bool is_read_by_backward) {
    behaviour.then = [=](const at::Tensor& h) { return is_read_by_backward ? h.exp() : h; };
    const at::Tensor x = pair.input(4).requires_grad_();
    at::Tensor y = block->forward(x, kProduct);
    y.mul_(2);
    y.sum().backward();
    return x.grad();
  };
  for (int i = 0; i < 3; ++i) CHECK(at::equal(pass(pair.eager, false), pass(pair.run, false)));
  // Where the backward pass reads it, libtorch refuses; a captured one has a copy of its own.
  Pair<ic::none> other;
  CHECK_THROWS_WITH(pass(other.eager, true), Contains("modified by an inplace operation"));
  const at::Tensor weight = other.run->bank().at(0, 0).module()->parameters()[0].view({1, 3, 1, 1});
  const at::Tensor expected = (other.input(4) * weight).exp() * 2 * weight;
  for (int i = 0; i < 3; ++i) CHECK(at::allclose(pass(other.run, true), expected));
}

TEST_CASE("a backward pass after the weights were changed is refused, as libtorch does") {
  Pair<ic::none> pair;
  for (Block<ic::none>* block : {&pair.eager, &pair.run}) {
    const at::Tensor y = (*block)->forward(pair.input(4).requires_grad_(), kProduct);
    {
      const c10::NoGradGuard no_grad;
      (*block)->bank().at(0, 0).module()->parameters()[0].mul_(2);
    }
    CHECK_THROWS_WITH(y.sum().backward(), Contains("modified by an inplace operation"));
  }
}

// --- other tensors
// -------------------------------------------------------------------------------

TEST_CASE("candidates of tokens are captured") {
  using Tokens = ic::Chain<2, ic::Candidates<ic::Mlp<1>, ic::SelfAttention<2>>>;
  using Own = ic::ChoiceBlock<Tokens, ic::compose<ic::bias<1>, ic::affine<1>>>;
  const auto make = [] {
    at::manual_seed(2);
    Own block(1, ic::Geometry{.channels = 4, .axis = ic::ChannelAxis::kLast});
    randomise_tables(*block);
    return block;
  };
  Own eager = make();
  Own run = make();
  const ic::CapturedCandidates captured(run, host_recorder());
  for (std::uint64_t i = 0; i < 8; ++i) {
    std::vector<State> states;
    for (Own* block : {&eager, &run}) {
      at::manual_seed(i);
      const at::Tensor x = at::randn({2, 5, 4}).requires_grad_();
      const auto own = static_cast<std::uint8_t>(i % 2);
      const at::Tensor y = (*block)->forward(x, ic::Architecture<Tokens>{1, own});
      y.square().mean().backward();
      states.push_back(state_of(**block));
      states.back()["y"] = y.detach().clone();
      states.back()["x.gradient"] = x.grad();
    }
    check_equal(states[0], states[1]);
  }
  CHECK(captured.counts().captures == 2);
  CHECK(captured.counts().replays == 6);
}
