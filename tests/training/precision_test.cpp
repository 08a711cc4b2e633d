// bfloat16: the scope, what stays float, trainings and evaluations, and what tells them apart.

#include "interchoice/nn/precision.hpp"

#include <ATen/Functions.h>
#include <ATen/record_function.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/evaluation/result_file.hpp"
#include "interchoice/io/safetensors.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/resumable_training.hpp"
#include "interchoice/training/train.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;
using ic::Precision;
using ic::PrecisionScope;

namespace {

const Path kMixed{2, 1, 3, 4, 2, 3};

/// Whether the CPU computes in bfloat16 on this thread now.
bool is_narrow() {
  const at::Tensor x = at::ones({2, 2});
  return at::mm(x, x).scalar_type() == at::kBFloat16;
}

/// The conversions of tensors in a call, by the operator of libtorch's that was called for them.
std::map<std::string, int> conversions_in(const std::function<void()>& call) {
  static std::vector<std::string> stack;
  static std::map<std::string, int> counts;
  counts.clear();
  const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(
      [](const at::RecordFunction& function) -> std::unique_ptr<at::ObserverContext> {
        stack.push_back(function.name());
        if (stack.back() == "aten::_to_copy") ++counts[stack.front()];
        return nullptr;
      },
      [](const at::RecordFunction&, at::ObserverContext*) { stack.pop_back(); }));
  call();
  at::removeCallback(handle);
  return counts;
}

ic::Training training_in(Precision precision, std::size_t epochs) {
  return {.epochs = epochs, .learning_rate = ic::cosine(0.1, 1e-3), .precision = precision};
}

const ic::Sampler<ic::Uniform<Space>> kUniform(ic::Uniform(ic::all<Space>), ic::Seed{4});

ic::Batches few_digits() { return batches(ic::first_images(digits(), 96), 32, 3); }

}  // namespace

TEST_CASE("a scope acts on its thread while it lives, and nests") {
  CHECK_FALSE(is_narrow());
  {
    const PrecisionScope narrow(Precision::kBfloat16, at::kCPU);
    CHECK(is_narrow());
    bool elsewhere = true;
    std::thread([&] { elsewhere = is_narrow(); }).join();
    CHECK_FALSE(elsewhere);
    {
      const PrecisionScope full(Precision::kFloat32, at::kCPU);
      CHECK_FALSE(is_narrow());
      const PrecisionScope again(Precision::kBfloat16, at::kCPU);
      CHECK(is_narrow());
    }
    CHECK(is_narrow());
    {
      const ic::detail::FullPrecision full;
      CHECK_FALSE(is_narrow());
    }
    CHECK(is_narrow());
  }
  CHECK_FALSE(is_narrow());
  CHECK_THROWS_AS(ic::in_precision(Precision::kBfloat16, at::kCPU,
                                   []() -> at::Tensor { throw std::runtime_error("no"); }),
                  std::runtime_error);
  CHECK_FALSE(is_narrow());
  // What a program has set itself comes back.
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kHalf);
  at::autocast::set_autocast_cache_enabled(false);
  {
    const PrecisionScope narrow(Precision::kBfloat16, at::kCPU);
    CHECK(at::autocast::get_autocast_dtype(at::kCPU) == at::kBFloat16);
    CHECK(at::autocast::is_autocast_cache_enabled());
  }
  CHECK(at::autocast::is_autocast_enabled(at::kCPU));
  CHECK(at::autocast::get_autocast_dtype(at::kCPU) == at::kHalf);
  CHECK_FALSE(at::autocast::is_autocast_cache_enabled());
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  at::autocast::set_autocast_cache_enabled(true);

  CHECK(to_text(Precision::kFloat32) == "f32");
  CHECK(to_text(Precision::kBfloat16) == "bf16");
  CHECK(ic::is_native(Precision::kFloat32, at::kCPU));
  CHECK_FALSE(ic::is_native(Precision::kBfloat16, at::kMeta));
}

TEST_CASE("a scope's copies of weights are shared within it, and never stale") {
  at::manual_seed(1);
  const at::Tensor x = at::randn({3, 4});
  const at::Tensor weight = at::randn({4, 5}).requires_grad_();
  const auto product = [&] { return at::mm(x, weight); };
  const auto copies = [](const std::function<void()>& call) {
    return conversions_in(call)["aten::mm"];
  };
  {
    const PrecisionScope scope(Precision::kBfloat16, at::kCPU);
    const c10::NoGradGuard no_grad;
    CHECK(copies([&] { product(); }) == 2);
    CHECK(copies([&] { product(); }) == 1);  // x alone
    // One within has gradients, though the copy outside was made without.
    const c10::AutoGradMode grad(true);
    const PrecisionScope step(Precision::kBfloat16, at::kCPU);
    CHECK(product().requires_grad());
  }
  const auto narrow = [&] { return ic::in_precision(Precision::kBfloat16, at::kCPU, product); };
  const at::Tensor before = narrow();
  {
    const c10::NoGradGuard no_grad;
    weight.mul_(2);
  }
  CHECK(at::equal(narrow(), 2 * before));
  before.sum().backward();
  CHECK(weight.grad().scalar_type() == at::kFloat);
}

TEMPLATE_TEST_CASE("in bfloat16 a network computes nearly the same, and what it has stays float",
                   "", ic::none, ic::bias<2>, ic::bias_sum<1>, (ic::attention<1, 2>), ic::scale<1>,
                   ic::affine<1>, (ic::split<0>)) {
  constexpr std::int64_t kImages = 7;
  ic::NasBench201Options options = kTiny;
  options.input_channels = 3;
  auto net = make_net<TestType>(2, options);
  ic::begin_epoch(*net, 0);
  at::manual_seed(3);
  {
    const c10::NoGradGuard no_grad;
    for (const auto& p : net->named_parameters()) {  // tables begin with nothing to round
      if (p.key().ends_with("table")) p.value().add_(at::randn_like(p.value()), 0.3);
    }
  }
  const at::Tensor x = at::randn({kImages, 3, 8, 8});
  const at::Tensor target = at::arange(kImages);
  const auto run = [&](Precision precision) {
    const auto forward = [&] { return net->forward(x, kMixed); };
    const at::Tensor logits = ic::in_precision(precision, at::kCPU, forward);
    CHECK(logits.scalar_type() == at::kFloat);
    net->zero_grad();
    at::cross_entropy_loss(logits, target).backward();
    std::vector<at::Tensor> all;
    for (const at::Tensor& p : net->parameters()) {
      REQUIRE(p.scalar_type() == at::kFloat);
      if (!p.grad().defined()) continue;
      REQUIRE(p.grad().scalar_type() == at::kFloat);
      all.push_back(p.grad().flatten());
    }
    return std::pair(logits, at::cat(all));
  };
  const auto wide = run(Precision::kFloat32);
  const auto narrow = run(Precision::kBfloat16);
  const auto again = run(Precision::kBfloat16);
  const auto wide_again = run(Precision::kFloat32);
  CHECK(at::equal(wide.first, wide_again.first));
  CHECK(at::equal(wide.second, wide_again.second));
  CHECK(at::equal(narrow.first, again.first));
  CHECK(at::equal(narrow.second, again.second));
  const auto distance = [](const at::Tensor& a, const at::Tensor& b) {
    return ((a - b).norm() / b.norm()).item<double>();
  };
  // Some thirty operators, each of which rounds to 1 / 256.
  CHECK(distance(narrow.first, wide.first) > 1e-5);
  CHECK(distance(narrow.first, wide.first) < 0.1);
  CHECK(distance(narrow.second, wide.second) < 0.35);
  for (const at::Tensor& b : net->buffers()) CHECK(b.scalar_type() != at::kBFloat16);

  // On their way activations never become float: autocast converts the images and the weight of
  // each of the convolutions. Float scales of inputs are narrowed where they act.
  const PrecisionScope scope(Precision::kBfloat16, at::kCPU);
  const c10::NoGradGuard no_grad;
  auto conversions = conversions_in([&] { net->forward(x, kMixed); });
  CHECK(conversions["aten::conv2d"] == 1 + 12);
  // affine adds its row in front of an operation that takes none.
  CHECK((conversions["aten::add"] > 0) == (std::is_same_v<TestType, ic::affine<1>>));
  constexpr bool kScales =
      std::is_same_v<TestType, ic::scale<1>> || std::is_same_v<TestType, ic::attention<1, 2>>;
  CHECK((conversions["aten::to"] > 0) == kScales);
}

TEST_CASE("a super-network learns the digits in bfloat16") {
  const ic::ImageSet set = ic::first_images(digits(), 1280);
  const ic::Batches data(set, {.batch_size = 32, .normalisation = ic::measure_normalisation(set)});
  ic::NasBench201Options options = kTiny;
  options.width = 8;
  const ic::Sampler sample(ic::Uniform(ic::only_convolutions<Space>), ic::Seed{1});
  const auto accuracy_in = [&](Precision precision) {
    auto net = make_net<ic::bias<1>>(1, options);
    ic::TrainingRun run(net, data, sample, training_in(precision, 4));
    while (!run.is_over()) run.run_epoch();
    for (const at::Tensor& p : net->parameters()) CHECK(p.scalar_type() == at::kFloat);
    for (const auto& b : net->named_buffers()) {
      CHECK(b.value().scalar_type() ==
            (b.key().ends_with("num_batches_tracked") ? at::kLong : at::kFloat));
    }
    for (const auto& [key, state] : run.optimizer().state()) {
      const auto& sgd = static_cast<const torch::optim::SGDParamState&>(*state);
      CHECK(sgd.momentum_buffer().scalar_type() == at::kFloat);
    }
    CHECK(run.record().epochs[3].loss < 0.5 * run.record().epochs[0].loss);
    return run.record().epochs[3].accuracy.value();
  };
  const double wide = accuracy_in(Precision::kFloat32);
  const double narrow = accuracy_in(Precision::kBfloat16);
  CHECK(wide > 0.7);
  CHECK(narrow > wide - 0.05);
  CHECK(narrow != wide);  // or nothing was rounded
}

TEST_CASE("a training in bfloat16 goes on to the same bits, and only in bfloat16") {
  const TemporaryFolder folder;
  const ic::Training narrow = training_in(Precision::kBfloat16, 3);
  auto whole = make_net<ic::bias<1>>(1);
  ic::train(whole, few_digits(), kUniform, narrow);
  const State expected = state_of(*whole);

  const ic::TrainingStateFile file{.path = folder / "state", .exact = true};
  ic::Training piece = narrow;
  std::size_t steps = 0;
  piece.stop = [&] { return ++steps == 4; };  // within an epoch
  auto first = make_net<ic::bias<1>>(1);
  CHECK(ic::train_resumable(file, first, few_digits(), kUniform, piece).stopped);

  auto other = make_net<ic::bias<1>>(1);
  CHECK_THROWS_WITH(
      ic::train_resumable(file, other, few_digits(), kUniform, training_in(Precision::kFloat32, 3)),
      Contains("is the state of another training") &&
          Contains("precision is 'bf16' there, 'f32' here"));
  auto second = make_net<ic::bias<1>>(9);
  ic::train_resumable(file, second, few_digits(), kUniform, narrow);
  CHECK(differing(expected, state_of(*second)) == std::vector<std::string>{});
}

TEST_CASE("an evaluation in bfloat16: near to float's, shared or not, and told apart from it") {
  auto net = make_net<ic::bias<1>>(1);
  const ic::Batches data = few_digits();
  ic::train(net, data, kUniform, training_in(Precision::kFloat32, 10));
  net->eval();
  const State before = state_of(*net);
  const ic::EvaluationData images{.calibration = data, .validation = data};
  const auto paths = ic::distinct_architectures(ic::all<Space>, 12, ic::Seed{5});
  const auto rank_in = [&](ic::RankingOptions options) {
    options.recalibration = ic::Recalibration::average(3);
    return ic::rank(net, images, paths, options).predictions;
  };
  const auto wide = rank_in({});
  const auto narrow = rank_in({.precision = Precision::kBfloat16});
  CHECK_FALSE(is_narrow());
  CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
  CHECK(narrow != wide);
  double difference = 0;
  for (std::size_t i = 0; i < paths.size(); ++i) difference += std::abs(narrow[i] - wide[i]) / 12;
  CHECK(difference < 0.05);
  CHECK(rank_in({.sharing = ic::PrefixSharing{}, .precision = Precision::kBfloat16}) == narrow);

  const TemporaryFolder folder;
  const ic::ResultFile wide_file{folder / "f32.csv"};
  const ic::ResultFile narrow_file{folder / "bf16.csv"};
  rank_in({.results = wide_file});
  CHECK(rank_in({.precision = Precision::kBfloat16, .results = narrow_file}) == narrow);
  CHECK(rank_in({.precision = Precision::kBfloat16, .results = narrow_file}) == narrow);
  CHECK_THROWS_WITH(rank_in({.precision = Precision::kBfloat16, .results = wide_file}),
                    Contains("f32.csv") && Contains("give this evaluation a file of its own"));
  CHECK_THROWS_WITH(rank_in({.results = narrow_file}),
                    Contains("bf16.csv") && Contains("give this evaluation a file of its own"));
  CHECK_FALSE(is_narrow());
}
