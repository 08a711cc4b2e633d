// The momentum with which the copies of a split begin, each rule by its defining property, one of
// them the user's own.

#include <ATen/Functions.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/train.hpp"
#include "support/catch.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;

namespace {

constexpr double kRate = 0.1;
constexpr double kDecay = 0.01;

/// All copies and their source go on with one momentum, as in the reference implementation.
///
/// Every parameter that has a gradient at a step moves it, so no more than one of those that share
/// it may have one: it goes with `UnsampledWeights::kFreeze`, and a context a step at each
/// location.
struct SharedMomentum {
  void operator()(torch::optim::Optimizer& optimizer, const ic::NewParameter& copy) const {
    copy.parameter.mutable_grad().reset();
    auto& states = optimizer.state();
    if (states.find(copy.source.unsafeGetTensorImpl()) == states.end()) {
      auto zero = std::make_unique<torch::optim::SGDParamState>();
      zero->momentum_buffer(at::zeros_like(copy.source));
      states[copy.source.unsafeGetTensorImpl()] = std::move(zero);
    }
    const torch::optim::OptimizerParamState& of_source = *states[copy.source.unsafeGetTensorImpl()];
    auto shared = of_source.clone();  // a copy of the state, of the same tensor
    states[copy.parameter.unsafeGetTensorImpl()] = std::move(shared);
  }
  std::string text() const { return "shared"; }
};

enum class Rule { kCopied, kFresh, kShared };

ic::CopyMomentum rule_of(Rule rule) {
  if (rule == Rule::kShared) return SharedMomentum{};
  if (rule == Rule::kFresh) return ic::fresh_momentum;
  return ic::copied_momentum;
}

at::Tensor momentum(torch::optim::SGD& sgd, const at::Tensor& parameter) {
  const auto state = sgd.state().find(parameter.unsafeGetTensorImpl());
  if (state == sgd.state().end()) return {};
  return static_cast<const torch::optim::SGDParamState&>(*state->second).momentum_buffer();
}

}  // namespace

TEST_CASE("copied, fresh and shared momentum") {
  const Rule mode = GENERATE(Rule::kCopied, Rule::kFresh, Rule::kShared);
  auto net = make_net<ic::split<ic::on_demand>>(1);
  net->to(at::kDouble);
  const auto data = batches(ic::first_images(digits(), 64), 16, 1);
  auto sgd = ic::Sgd{.momentum = 0.9, .weight_decay = kDecay}(*net);
  ic::set_learning_rate(sgd, kRate);
  const auto step = [&](std::int64_t index, const Path& path) {
    const ic::Batch batch = data.epoch(0)[index];
    net->zero_grad();
    at::cross_entropy_loss(net->forward(batch.data.to(at::kDouble), path), batch.target).backward();
    sgd.step();
  };
  const Path conv3{3, 3, 3, 3, 3, 3};
  step(0, conv3);
  step(1, conv3);  // the 1x1 convolutions have no momentum yet
  const ic::NewParameters added = ic::split_now(*net);
  ic::add_new_parameters(sgd, added, rule_of(mode));
  for (const ic::NewParameter& copy : added) {
    INFO(copy.name);
    const bool used = copy.name.find("3x3") != std::string::npos;
    const at::Tensor of_source = momentum(sgd, copy.source);
    const at::Tensor own = momentum(sgd, copy.parameter);
    if (mode == Rule::kFresh) {
      CHECK_FALSE(own.defined());
      CHECK(of_source.defined() == used);
    } else if (mode == Rule::kCopied) {
      CHECK(own.defined() == used);
      if (used) CHECK((same_bits(own, of_source) && !own.is_alias_of(of_source)));
    } else {
      REQUIRE(own.defined());
      CHECK(own.is_alias_of(of_source));
      CHECK((own.count_nonzero().item<std::int64_t>() > 0) == used);
    }
    CHECK_FALSE((mode == Rule::kShared && copy.parameter.grad().defined()));
  }

  // The 3x3 convolution of the second edge, of the first edge's 1x1 (copy 2), then 3x3 (copy 3).
  const auto copy_of = [&](const std::string& number) {
    for (const ic::NewParameter& copy : added) {
      if (copy.name.starts_with("cells.0.edge02") && copy.name.find(number) != std::string::npos &&
          copy.name.find("3x3") != std::string::npos) {
        return copy;
      }
    }
    FAIL("no copy " << number << " of the 3x3 convolution on edge02");
    return ic::NewParameter{};
  };
  const ic::NewParameter second = copy_of(".copy2.");
  const ic::NewParameter third = copy_of(".copy3.");
  const at::Tensor at_split = momentum(sgd, second.source).clone();
  const auto moved = [&](const ic::NewParameter& copy, const at::Tensor& v, std::int64_t index,
                         const Path& path) {
    const at::Tensor before = copy.parameter.detach().clone();
    step(index, path);
    // v <- 0.9 v + gradient + decay w,   w <- w - rate v
    at::Tensor next = copy.parameter.grad() + kDecay * before;
    if (v.defined()) next = next + 0.9 * v;
    CHECK(at::allclose(copy.parameter.detach(), before - kRate * next, 1e-12, 1e-14));
    return next;
  };
  const bool fresh = mode == Rule::kFresh;
  const bool shared = mode == Rule::kShared;
  const at::Tensor source = second.source.detach().clone();
  const at::Tensor v = moved(second, fresh ? at::Tensor() : at_split, 2, {2, 3, 3, 3, 3, 3});
  CHECK(at::allclose(momentum(sgd, second.source), shared ? v : at_split, 1e-12, 1e-14));
  const at::Tensor w = moved(third,
                             fresh    ? at::Tensor()
                             : shared ? v
                                      : at_split,
                             3, {3, 3, 3, 3, 3, 3});
  CHECK(at::allclose(momentum(sgd, second.parameter), shared ? w : v, 1e-12, 1e-14));
  CHECK(same_bits(second.source, source));  // off the path
}

TEST_CASE("train passes the copies' momentum on") {
  const auto data = batches(ic::first_images(digits(), 48), 16, 1);
  const auto trained = [&](Rule rule) {
    auto net = make_net<ic::split<1>>(1);
    ic::train(net, data, ic::Sampler(ic::Uniform(ic::only_convolutions<Space>), ic::Seed{1}),
              {.epochs = 2,
               .learning_rate = [](std::size_t, std::size_t) { return kRate; },
               .unsampled = ic::UnsampledWeights::kFreeze,
               .copies = rule_of(rule)});
    return state_of(*net);
  };
  const State copied = trained(Rule::kCopied);
  const State fresh = trained(Rule::kFresh);
  const State shared = trained(Rule::kShared);
  CHECK_FALSE(differing(copied, fresh).empty());
  CHECK_FALSE(differing(copied, shared).empty());
  CHECK_FALSE(differing(fresh, shared).empty());
  CHECK(differing(copied, trained(Rule::kCopied)).empty());
}
