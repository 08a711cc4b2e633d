// Steps that are not finite change nothing on a GPU either.

#include <ATen/Functions.h>
#include <c10/cuda/CUDAFunctions.h>
#include <torch/nn/module.h>

#include <cmath>
#include <map>
#include <stdexcept>
#include <string>

#include "interchoice/data/batch.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/nn/detail/generators.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/detail/optimizer_state.hpp"
#include "interchoice/training/optimizer.hpp"
#include "interchoice/training/path_step.hpp"
#include "support/catch.hpp"

namespace ic = interchoice;
using Space = ic::NasBench201Space;
using Net = ic::Supernet<ic::NasBench201<ic::LinearSkip>, ic::bias<1>>;

namespace {

std::map<std::string, at::Tensor> everything(const Net& net, torch::optim::Optimizer& optimizer) {
  std::map<std::string, at::Tensor> all;
  for (const auto& b : net->named_buffers()) all[b.key()] = b.value().cpu().clone();
  for (const auto& p : net->named_parameters()) {
    all[p.key()] = p.value().detach().cpu().clone();
    for (const auto& [name, tensor] : ic::detail::state_tensors(optimizer, p.value())) {
      all[p.key() + "." + name] = tensor.cpu().clone();
    }
  }
  for (const auto& [name, generator] : ic::detail::generators(at::Device(at::kCUDA, 0))) {
    all["generator." + name] = ic::detail::state_of(generator);
  }
  return all;
}

}  // namespace

TEST_CASE("a step that is not finite changes nothing on a GPU", "[gpu]") {
  const ic::NasBench201Options options{
      .input_channels = 3, .classes = 10, .width = 8, .cells_per_stage = {1, 1}};
  const ic::Sampler sample(ic::Uniform{ic::all<Space>}, ic::Seed{2});
  Net net(options);
  net->to(at::Device(at::kCUDA, 0));
  auto optimizer = ic::Sgd{}(*net);
  ic::PathStep step(net, optimizer, {.non_finite = ic::NonFinite::kSkip});
  step.begin(0);
  const at::Tensor good = at::randn({8, 3, 16, 16}).cuda();
  const at::Tensor target = at::arange(8).cuda();
  const auto loss_of = [&](const at::Tensor& x, bool has_steep_gradient) {
    return [&net, &target, x, has_steep_gradient](const auto& path) {
      const at::Tensor logits = net->forward(at::dropout(x, 0.3, true), path);
      const at::Tensor loss = at::cross_entropy_loss(logits, target);
      // The root of zero: zero with an infinite slope.
      return has_steep_gradient ? loss + (logits - logits.detach()).sqrt().sum() : loss;
    };
  };
  for (int i = 0; i < 2; ++i) CHECK_FALSE(step(sample, loss_of(good, false)).skipped);
  const auto before = everything(net, optimizer);
  CHECK(step(sample, loss_of(at::full_like(good, NAN), false)).skipped);
  CHECK(step(sample, loss_of(good, true)).skipped);
  const auto after = everything(net, optimizer);
  REQUIRE(before.size() == after.size());
  for (const auto& [name, tensor] : before) {
    INFO(name);
    CHECK(at::equal(tensor, after.at(name)));
  }
  CHECK_FALSE(step(sample, loss_of(good, false)).skipped);
}

TEST_CASE("steps that are enqueued do not wait for the GPU", "[gpu]") {
  const ic::NasBench201Options options{
      .input_channels = 3, .classes = 10, .width = 8, .cells_per_stage = {1, 1}};
  const ic::Sampler sample(ic::Uniform{ic::all<Space>}, ic::Seed{2});
  Net net(options);
  net->to(at::Device(at::kCUDA, 0));
  auto optimizer = ic::Sgd{}(*net);
  ic::PathStep step(net, optimizer);
  step.begin(0);
  const ic::Batch host{at::randn({8, 3, 16, 16}), at::arange(8)};
  const auto loss = [&](const auto& path) {
    const ic::Batch batch = ic::on_device(host, at::Device(at::kCUDA, 0));
    return at::cross_entropy_loss(net->forward(batch.data, path), batch.target);
  };
  for (int i = 0; i < 20; ++i) step(sample, loss);  // what is made at the first use
  c10::cuda::warning_state().set_sync_debug_mode(c10::cuda::SyncDebugMode::L_ERROR);
  CHECK_NOTHROW([&] {
    for (int i = 0; i < 20; ++i) step.enqueue(sample, loss);
  }());
  c10::cuda::warning_state().set_sync_debug_mode(c10::cuda::SyncDebugMode::L_DISABLED);
  int count = 0;
  step.read([&](const ic::StepOutcome& outcome) {
    CHECK(std::isfinite(outcome.loss()));
    ++count;
  });
  CHECK(count == 20);
}

TEST_CASE("a network that is moved to a GPU within an epoch is refused", "[gpu]") {
  Net net(ic::NasBench201Options{
      .input_channels = 3, .classes = 10, .width = 8, .cells_per_stage = {1, 1}});
  auto optimizer = ic::Sgd{}(*net);
  ic::PathStep step(net, optimizer);
  step.begin(0);
  net->to(at::Device(at::kCUDA, 0));
  const ic::Sampler sample(ic::Uniform{ic::all<Space>}, ic::Seed{2});
  CHECK_THROWS_WITH(step(sample, [](const auto&) { return at::zeros({}); }),
                    Catch::Matchers::Contains("was moved to cuda:0 within an epoch"));
}
