// Steps at the cost of what they use: the same weights as dense steps, whoever looks, and when.

#include <ATen/Functions.h>
#include <torch/nn.h>
#include <torch/optim.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/export/subnet.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/nn/choice_block.hpp"
#include "interchoice/nn/settle_weights.hpp"
#include "interchoice/sampling/fixed.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/spaces/chain.hpp"
#include "interchoice/training/detail/coast.hpp"
#include "interchoice/training/optimizer.hpp"
#include "interchoice/training/path_step.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;

namespace {

using ic::detail::Coast;
using ic::detail::CoastHistory;

struct WeightedImpl : torch::nn::Module {
  at::Tensor weight = register_parameter("weight", at::randn({1, 8, 1, 1}));
  at::Tensor bias = register_parameter("bias", at::randn({1, 8, 1, 1}));
  at::Tensor forward(const at::Tensor& x) { return x * weight + bias; }
};
TORCH_MODULE(Weighted);

/// An operation whose gradient does not depend on its weights: two ways of training that differ in
/// rounding stay close for ever.
template <char Name>
struct Linear {
  static constexpr char text[2] = {Name, 0};
  static constexpr std::string_view name{text};
  Weighted build(const ic::Geometry&) const { return {}; }
};

using LinearSpace = ic::Chain<4, ic::Candidates<Linear<'a'>, Linear<'b'>, Linear<'c'>, ic::Skip>>;
using LinearPath = ic::Architecture<LinearSpace>;

/// Blocks side by side, so that no weight meets another one.
template <class Policy>
struct SideBySideImpl : torch::nn::Module {
  SideBySideImpl() {
    for (std::size_t l = 0; l < 4; ++l) {
      blocks.emplace_back(l, ic::Geometry{.channels = 8});
      register_module("block" + std::to_string(l), blocks.back());
    }
  }
  at::Tensor forward(const at::Tensor& x, const LinearPath& path) {
    at::Tensor sum = (head * x).sum();
    for (auto& block : blocks) sum = sum + (block->forward(x, path) * x).sum();
    return sum;
  }
  std::vector<ic::ChoiceBlock<LinearSpace, Policy>> blocks;
  at::Tensor head = register_parameter("head", at::randn({1, 8, 1, 1}));  // in every path
};
template <class Policy>
struct SideBySide : torch::nn::ModuleHolder<SideBySideImpl<Policy>> {
  using torch::nn::ModuleHolder<SideBySideImpl<Policy>>::ModuleHolder;
};

const ic::Sampler<ic::Uniform<LinearSpace>> kLinear(ic::Uniform(ic::all<LinearSpace>), ic::Seed{4});

at::Tensor input(std::size_t epoch, std::size_t step, at::ScalarType type) {
  at::manual_seed(1000 * epoch + step);
  return at::randn({1, 8, 1, 1}).to(type);
}

double rate_of(std::size_t epoch) { return 0.05 / static_cast<double>(epoch + 1); }

struct Budget {
  std::size_t epochs;
  std::size_t steps;
};

/// What the weights are after dense steps of libtorch's SGD.
template <class Policy>
State dense(at::ScalarType type, Budget budget, const torch::optim::SGDOptions& options,
            bool freezes = false) {
  at::manual_seed(1);
  SideBySide<Policy> net;
  net->to(type);
  torch::optim::SGD sgd(net->parameters(), options);
  for (std::size_t epoch = 0; epoch < budget.epochs; ++epoch) {
    ic::add_new_parameters(sgd, ic::begin_epoch(*net, epoch));
    ic::set_learning_rate(sgd, rate_of(epoch));
    for (std::size_t step = 0; step < budget.steps; ++step) {
      net->zero_grad(freezes);
      net->forward(input(epoch, step, type), kLinear(epoch, step)).backward();
      sgd.step();
    }
  }
  return parameters_of(*net);
}

struct Nobody {
  template <class Network>
  void operator()(const Network&, std::size_t) const {}
};

/// What they are after steps of `PathStep`; `look(net, step)` is called behind each.
template <class Policy, class Look = Nobody>
State lazy(at::ScalarType type, Budget budget, const torch::optim::SGDOptions& options,
           ic::UnsampledWeights unsampled = ic::UnsampledWeights::kMove, const Look& look = {}) {
  at::manual_seed(1);
  SideBySide<Policy> net;
  net->to(type);
  torch::optim::SGD sgd(net->parameters(), options);
  ic::PathStep step(net, sgd, {.unsampled = unsampled});
  for (std::size_t epoch = 0; epoch < budget.epochs; ++epoch) {
    step.begin(epoch);
    ic::set_learning_rate(sgd, rate_of(epoch));
    for (std::size_t i = 0; i < budget.steps; ++i) {
      step(kLinear, [&](const auto& path) { return net->forward(input(epoch, i, type), path); });
      look(net, i);
    }
  }
  return parameters_of(*net);
}

/// The largest ||a - b|| / ||b|| of all tensors.
double worst_difference(const State& a, const State& b) {
  double worst = 0;
  REQUIRE(a.size() == b.size());
  for (const auto& [name, tensor] : a) {
    const at::Tensor x = tensor.to(at::kDouble);
    const at::Tensor y = b.at(name).to(at::kDouble);
    worst = std::max(worst, ((x - y).norm() / y.norm()).item<double>());
  }
  return worst;
}

const torch::optim::SGDOptions kOptions =
    torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(3e-4);

}  // namespace

TEST_CASE("a coast is the steps that it stands for") {
  const std::vector<torch::optim::SGDOptions> all{
      torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(0.01),
      torch::optim::SGDOptions(0.02).momentum(0.5).weight_decay(0.3).nesterov(true),
      torch::optim::SGDOptions(0.3).weight_decay(0.1), torch::optim::SGDOptions(0.3).momentum(0.8),
      torch::optim::SGDOptions(0.3)};
  const torch::optim::SGDOptions options = all[GENERATE(range<std::size_t>(0, 5))];
  const std::int64_t count = GENERATE(0, 1, 2, 7, 1000);
  // Two rates; the steps that are asked for end with the second one.
  auto slower = options;
  slower.lr(0.01);
  CoastHistory history;
  history.add(Coast::step(options), 500);
  history.add(Coast::step(slower), 500);
  double w = 1.5;
  double v = -0.25;
  for (std::int64_t i = 1000 - count; i < 1000; ++i) {
    const double rate = i < 500 ? options.lr() : slower.lr();
    const double d = options.weight_decay() * w;
    v = options.momentum() * v + d;
    w -= rate * (options.nesterov() ? d + options.momentum() * v : v);
  }
  const auto type = GENERATE(at::kDouble, at::kFloat);
  at::Tensor weight = at::full({37}, 1.5, type);
  at::Tensor momentum = at::full({37}, -0.25, type);
  const auto version = weight._version();
  if (options.momentum() == 0) {
    momentum = at::Tensor();
  }
  apply(history.last(count), weight, momentum);
  const double bound = type == at::kDouble ? 1e-12 : 1e-6;
  CHECK(weight[0].item<double>() == Approx(w).epsilon(bound).margin(bound));
  CHECK(at::equal(weight, weight[36].expand({37})));
  CHECK(weight._version() > version);
  if (momentum.defined()) {
    CHECK(momentum[36].item<double>() == Approx(v).epsilon(1e3 * bound).margin(1e-12));
  }
  // Weights that do not lie in a row take the same way by libtorch's operators.
  at::Tensor part = at::full({4, 6}, 1.5, type).slice(1, 1, 3);
  apply(history.last(count), part,
        options.momentum() == 0 ? at::Tensor() : at::full({4, 6}, -0.25, type).slice(1, 1, 3));
  CHECK(part[3][1].item<double>() == Approx(w).epsilon(bound).margin(bound));
}

TEMPLATE_TEST_CASE("lazy steps are the dense ones", "", ic::none, ic::bias<1>, (ic::split<1>)) {
  const std::vector<torch::optim::SGDOptions> all{
      torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(0.01),
      torch::optim::SGDOptions(0.1).weight_decay(0.01),
      torch::optim::SGDOptions(0.1).momentum(0.9).nesterov(true)};
  const torch::optim::SGDOptions options = all[GENERATE(range<std::size_t>(0, 3))];
  const Budget budget{3, 60};
  const State expected = dense<TestType>(at::kDouble, budget, options);
  CHECK(worst_difference(lazy<TestType>(at::kDouble, budget, options), expected) < 1e-13);

  const State frozen = dense<TestType>(at::kDouble, budget, options, true);
  CHECK(worst_difference(frozen, expected) > 1e-6);
  CHECK(worst_difference(
            lazy<TestType>(at::kDouble, budget, options, ic::UnsampledWeights::kFreeze), frozen) <
        1e-13);
}

TEST_CASE("ten thousand steps in float stay close") {
  const Budget budget{10, 1000};
  const State expected = dense<ic::split<1>>(at::kFloat, budget, kOptions);
  const double worst = worst_difference(lazy<ic::split<1>>(at::kFloat, budget, kOptions), expected);
  CHECK(worst > 0);  // they are two ways
  CHECK(worst < 5e-6);
}

TEST_CASE("whoever looks sees the weights of dense steps") {
  // In step 20 some weights have coasted for a while, and some are as new.
  const Budget budget{1, 20};
  const auto expected = dense<ic::none>(at::kDouble, budget, kOptions);
  const State raw = [&] {
    State state;
    lazy<ic::none>(at::kDouble, budget, kOptions, ic::UnsampledWeights::kMove,
                   [&](const auto& net, std::size_t step) {
                     if (step != 19) return;
                     for (const auto& p : net->named_parameters()) {
                       state[p.key()] = p.value().detach().clone();
                     }
                   });
    return state;
  }();
  CHECK(worst_difference(raw, expected) > 1e-6);  // there is something to settle

  State settled;
  double output = 0;
  lazy<ic::none>(
      at::kDouble, budget, kOptions, ic::UnsampledWeights::kMove, [&](auto net, std::size_t step) {
        if (step != 19) return;
        const LinearPath path{0, 1, 2, 0};
        const c10::NoGradGuard no_grad;
        output = net->forward(at::ones({1, 8, 1, 1}, at::kDouble), path).template item<double>();
        ic::settle_weights(*net);
        for (const auto& p : net->named_parameters()) {
          settled[p.key()] = p.value().detach().clone();
        }
      });
  CHECK(worst_difference(settled, expected) < 1e-13);
  double by_hand = expected.at("head").sum().item<double>();
  for (const char* name : {"block0.a.", "block1.b.", "block2.c.", "block3.a."}) {
    for (const char* part : {"weight", "bias"}) {
      by_hand += expected.at(std::string(name) + part).sum().item<double>();
    }
  }
  CHECK(output == Approx(by_hand).epsilon(1e-12));
}

TEST_CASE("who looks, and when, does not change a bit of what is learnt") {
  const Budget budget{2, 30};
  const auto run = [&](const auto& look) {
    return lazy<ic::none>(at::kFloat, budget, kOptions, ic::UnsampledWeights::kMove, look);
  };
  const State alone = run(Nobody{});
  CHECK(differing(alone, run([](const auto& net, std::size_t) { ic::settle_weights(*net); }))
            .empty());
  CHECK(differing(alone, run([](auto net, std::size_t step) {
                    const c10::NoGradGuard no_grad;
                    const auto one = static_cast<std::uint8_t>(step % 4);
                    net->forward(at::ones({1, 8, 1, 1}), LinearPath{one, one, one, one});
                  }))
            .empty());
  // Within a step too: a loss that reads the network before its forward pass.
  const auto reading = [&](bool reads) {
    at::manual_seed(1);
    SideBySide<ic::none> net;
    torch::optim::SGD sgd(net->parameters(), kOptions);
    ic::PathStep step(net, sgd);
    step.begin(0);
    for (std::size_t i = 0; i < 30; ++i) {
      step(kLinear, [&](const auto& path) {
        if (reads) ic::settle_weights(*net);
        return net->forward(input(0, i, at::kFloat), path);
      });
    }
    return parameters_of(*net);
  };
  CHECK(differing(reading(false), reading(true)).empty());
  // But who writes is heard.
  const State written = run([](auto net, std::size_t step) {
    if (step != 29) return;
    ic::settle_weights(*net);
    const c10::NoGradGuard no_grad;
    for (auto& p : net->parameters()) p.fill_(7);
  });
  for (const auto& [name, tensor] : written) {
    INFO(name);
    CHECK(at::equal(tensor, at::full_like(tensor, 7)));
  }
}

TEST_CASE("a network is saved and extracted as it is to be") {
  const TemporaryFolder folder;
  auto net = make_net<ic::none>(3);
  auto sgd = ic::Sgd{.weight_decay = 0.1}(*net, 0.1);
  ic::PathStep step(net, sgd);
  const ic::Sampler sample(ic::Uniform{ic::all<Space>}, ic::Seed{0});
  const ic::Batch batch = batches(ic::first_images(digits(), 16), 16, 1).epoch(0)[0];
  const auto train = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      step(sample, [&](const auto& path) {
        return at::cross_entropy_loss(net->forward(batch.data, path), batch.target);
      });
    }
  };
  step.begin(0);
  train(12);
  const auto owed = step.owed();
  REQUIRE(*std::max_element(owed.begin(), owed.end()) > 3);
  SECTION("saved") {
    ic::save(folder.path() / "net", net);
    auto loaded = make_net<ic::none>(4);
    ic::load(folder.path() / "net", loaded);
    CHECK(differing(state_of(*net), state_of(*loaded)).empty());
  }
  SECTION("extracted") {
    const Path path{3, 2, 3, 3, 2, 3};
    auto subnet = ic::extract(net, path);
    const c10::NoGradGuard no_grad;
    net->eval();
    subnet->eval();
    CHECK(same_bits(subnet->forward(batch.data, path), net->forward(batch.data, path)));
  }
  SECTION("loaded into, it owes nothing of before") {
    auto other = make_net<ic::none>(4);
    ic::save(folder.path() / "other", other);
    ic::load(folder.path() / "other", net);
    CHECK(differing(state_of(*net), state_of(*other)).empty());
  }
}

TEST_CASE("two loops on one network see each other's steps") {
  const auto run = [](bool is_lazy) {
    at::manual_seed(1);
    SideBySide<ic::none> net;
    net->to(at::kDouble);
    torch::optim::SGD first(net->parameters(), kOptions);
    torch::optim::SGD second(net->parameters(), torch::optim::SGDOptions(0.01).momentum(0.5));
    ic::PathStep a(net, first);
    ic::PathStep b(net, second);
    if (is_lazy) a.begin(0);
    if (is_lazy) b.begin(0);
    for (std::size_t i = 0; i < 30; ++i) {
      const auto loss = [&](const auto& path) {
        return net->forward(input(0, i, at::kDouble), path);
      };
      if (is_lazy) {
        (i % 3 == 0 ? b : a)(kLinear, loss);
      } else {
        // Each loop counts its own steps.
        const std::size_t own = i % 3 == 0 ? i / 3 : i - i / 3 - 1;
        net->zero_grad(false);
        loss(kLinear(0, own)).backward();
        (i % 3 == 0 ? second : first).step();
      }
    }
    return parameters_of(*net);
  };
  CHECK(worst_difference(run(true), run(false)) < 1e-12);
}

TEST_CASE("gradients that somebody else left do not count") {
  const auto run = [](bool disturbs) {
    return lazy<ic::none>(at::kDouble, {1, 20}, kOptions, ic::UnsampledWeights::kMove,
                          [&](auto net, std::size_t step) {
                            if (!disturbs || step % 4 != 0) return;
                            // Of weights that have a gradient: others would move from now on, as in
                            // dense steps.
                            for (auto& p : net->parameters()) {
                              if (p.grad().defined()) p.mutable_grad().add_(1);
                            }
                          });
  };
  CHECK(worst_difference(run(true), run(false)) == 0);
}

TEST_CASE("a step touches what it uses, and no more") {
  at::manual_seed(1);
  SideBySide<ic::none> net;
  torch::optim::SGD sgd(net->parameters(), kOptions);
  ic::PathStep step(net, sgd);
  step.begin(0);
  const auto train = [&](const LinearPath& path) {
    step(ic::Fixed(path), [&](const auto& p) { return net->forward(input(0, 0, at::kFloat), p); });
  };
  train({0, 0, 0, 0});
  train({1, 1, 1, 1});
  std::vector<std::int64_t> versions;
  for (const auto& p : net->parameters()) versions.push_back(p._version());
  train({1, 1, 1, 1});
  const auto parameters = net->named_parameters();
  std::size_t touched = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    INFO(parameters[i].key());
    const bool is_used =
        parameters[i].key() == "head" || parameters[i].key().find(".b.") != std::string::npos;
    CHECK((parameters[i].value()._version() != versions[i]) == is_used);
    touched += is_used ? 1 : 0;
  }
  CHECK(touched == 1 + 4 * 2);
}

TEST_CASE("copies of a split take memory once they are used") {
  at::manual_seed(1);
  SideBySide<ic::split<1>> net;
  torch::optim::SGD sgd(net->parameters(), kOptions);
  ic::PathStep step(net, sgd);
  const auto train = [&](const LinearPath& path) {
    step(ic::Fixed(path), [&](const auto& p) { return net->forward(input(0, 0, at::kFloat), p); });
  };
  step.begin(0);
  train({0, 0, 0, 0});
  train({1, 1, 1, 1});
  train({2, 2, 2, 2});
  const ic::NewParameters added = step.begin(1);
  REQUIRE(added.size() == 3 * 3 * 3 * 2);  // locations, further priors, candidates, tensors
  const auto momentum = [&](const at::Tensor& p) {
    return static_cast<torch::optim::SGDParamState&>(*sgd.state().at(p.unsafeGetTensorImpl()))
        .momentum_buffer();
  };
  const auto shares = [](const at::Tensor& a, const at::Tensor& b) {
    return a.const_data_ptr() == b.const_data_ptr();
  };
  for (const ic::NewParameter& copy : added) {
    CHECK(shares(copy.parameter, copy.source));
    CHECK(shares(copy.parameter.grad(), copy.source.grad()));
    CHECK(shares(momentum(copy.parameter), momentum(copy.source)));
  }
  const State before = parameters_of(*net);
  train({1, 1, 1, 1});
  std::size_t moved = 0;
  for (const ic::NewParameter& copy : added) {
    INFO(copy.name);
    const bool is_used = copy.name.find(".copy1.b.") != std::string::npos;
    CHECK(shares(copy.parameter, copy.source) == !is_used);
    CHECK(same_bits(copy.parameter, before.at(copy.name)) == !is_used);
    moved += is_used ? 1 : 0;
  }
  CHECK(moved == 3 * 2);
}
