// Trainings of a group: R ranks with parts of a batch, or with some of its paths, are one process
// with all of it.

#include <ATen/Functions.h>
#include <fmt/core.h>
#include <torch/nn.h>
#include <torch/optim.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../../examples/token_network.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/path_step.hpp"
#include "interchoice/training/resumable_training.hpp"
#include "interchoice/training/train.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "support/thread_group.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

/// Batches in float64. Has no shares of its own, as a source of a user's.
struct DoubleBatches {
  ic::Batches batches;

  struct Epoch {
    ic::Batches::Epoch epoch;
    ic::Batch operator[](std::int64_t index) const {
      const ic::Batch batch = epoch[index];
      return {batch.data.to(at::kDouble), batch.target};
    }
    ic::BatchIterator<Epoch> begin() const { return {*this, 0}; }
    ic::BatchIterator<Epoch> end() const { return {*this, epoch.size()}; }
  };

  std::int64_t size() const { return batches.size(); }
  std::int64_t example_count() const { return batches.example_count(); }
  ic::Batch evaluation(std::int64_t index) const { return batches.evaluation(index); }
  ic::Batch calibration(std::int64_t index) const { return batches.calibration(index); }
  Epoch epoch(std::uint64_t number) const { return {batches.epoch(number)}; }
};

/// Five steps an epoch, the last one of an odd number of images.
const DoubleBatches kData{batches(ic::first_images(digits(), 37), 8, 3)};
const ic::Sampler<ic::Uniform<Space>> kUniform(ic::Uniform(ic::all<Space>), ic::Seed{4});
const ic::Sampler<ic::StrictFair<Space>> kFair(ic::StrictFair(ic::no_zero<Space>), ic::Seed{4});

struct Trained {
  State state;
  ic::TrainingRecord record;
};

/// Networks of a kind, one a rank; only rank 0 begins with the weights of seed 1.
template <class AnyNet, class... Options>
std::vector<AnyNet> nets_of(std::size_t ranks, const Options&... options) {
  std::vector<AnyNet> nets;
  for (std::size_t r = 0; r < ranks; ++r) {
    at::manual_seed(1 + r);
    nets.push_back(AnyNet(options...));
    nets.back()->to(at::kDouble);
  }
  return nets;
}

/// What each rank comes to.
template <class AnyNet, class Sampler>
std::vector<Trained> train(std::vector<AnyNet> nets, const Sampler& sample,
                           const ic::Training& training) {
  return on_threads(nets.size(), [&](const ic::Group& group) {
    ic::Training own = training;
    own.group = group;
    auto& net = nets[group.rank()];
    const auto record = ic::train(net, kData, sample, own);
    return Trained{parameters_of(*net), record};
  });
}

double worst_difference(const State& a, const State& b) {
  double worst = a.size() == b.size() ? 0 : 1;
  for (const auto& [name, tensor] : a) {
    const double norm = std::max(tensor.norm().item<double>(), 1e-3);
    worst = std::max(worst, (tensor - b.at(name)).norm().item<double>() / norm);
  }
  return worst;
}

/// The ranks end with the same bits, and within a bound of one process.
void check_as_one(const std::vector<Trained>& all, const Trained& alone, double bound = 1e-12) {
  for (const Trained& one : all) {
    CHECK(differing(one.state, all[0].state) == std::vector<std::string>{});
    REQUIRE(one.record.epochs.size() == alone.record.epochs.size());
    for (std::size_t e = 0; e < alone.record.epochs.size(); ++e) {
      CHECK(one.record.epochs[e].loss == Approx(alone.record.epochs[e].loss).epsilon(1e-10));
      CHECK(one.record.epochs[e].accuracy == alone.record.epochs[e].accuracy);
    }
  }
  INFO("of " << bound);
  CHECK(worst_difference(all[0].state, alone.state) / bound < 1);
}

template <class Policy, class Sampler>
void check_as_one(std::size_t ranks, const Sampler& sample, const ic::Training& training,
                  double bound = 1e-12) {
  using Own = Net<Policy>;
  check_as_one(train(nets_of<Own>(ranks, kTiny), sample, training),
               train(nets_of<Own>(1, kTiny), sample, training).front(), bound);
}

const ic::OptimizerMaker kAdam = [](const torch::nn::Module& m) {
  return torch::optim::AdamW(m.parameters(), 1e-3);
};

}  // namespace

TEST_CASE("ranks with the paths of a step are one process with all of them") {
  ic::Training training{.epochs = 2, .learning_rate = ic::constant(0.05)};
  training.ranks_share = ic::RanksShare::kPaths;
  SECTION("two ranks") { check_as_one<ic::bias<1>>(2, kFair, training); }
  SECTION("three, unequal shares, each path with a batch of its own, a split") {
    training.path_batches = ic::PathBatches::kSuccessive;
    training.split_epochs = {1};
    training.epochs = 2;
    check_as_one<ic::split<ic::on_demand>>(3, kFair, training);
  }
  SECTION("an optimizer that is stepped as a whole; weights off the paths frozen") {
    training.optimizer = kAdam;
    training.learning_rate = ic::constant(1e-3);
    training.unsampled = ic::UnsampledWeights::kFreeze;
    check_as_one<ic::bias<1>>(2, kFair, training, 1e-9);  // it divides by small gradients
  }
  SECTION("more ranks than paths") {
    CHECK_THAT(message_of([&] { train(nets_of<Net<ic::none>>(2, kTiny), kUniform, training); }),
               Contains("2 ranks share the paths of a step, of which there is 1"));
  }
}

TEST_CASE("ranks with parts of a batch, and BatchNorms of all of it, are one process") {
  ic::Training training{.epochs = 2, .learning_rate = ic::constant(0.05)};
  training.synchronises_batch_norm = true;
  SECTION("no dependence, 3 ranks") { check_as_one<ic::none>(3, kUniform, training); }
  SECTION("rows of tables") { check_as_one<ic::bias<1>>(2, kUniform, training); }
  SECTION("a split") {
    training.split_epochs = {1};
    check_as_one<ic::split<ic::on_demand>>(2, kUniform, training);
  }
  SECTION("several paths") { check_as_one<ic::scale<1>>(2, kFair, training); }
  SECTION("another optimizer") {
    training.optimizer = kAdam;
    training.learning_rate = ic::constant(1e-3);
    check_as_one<ic::bias<1>>(2, kUniform, training, 1e-9);
  }
}

TEST_CASE("ranks with parts of a batch of a transformer are one process") {
  using Tokens = examples::TokenNet<ic::bias<1>>;
  const ic::Sampler sample(ic::Uniform(ic::all<examples::TokenSpace>), ic::Seed{4});
  const ic::Training training{.epochs = 1, .learning_rate = ic::constant(0.05)};
  check_as_one(train(nets_of<Tokens>(2), sample, training),
               train(nets_of<Tokens>(1), sample, training).front());
}

TEST_CASE("parts of a batch that go through a network in turn are the whole batch") {
  using Tokens = examples::TokenNet<ic::bias<1>>;
  const ic::Sampler sample(ic::Uniform(ic::all<examples::TokenSpace>), ic::Seed{4});
  ic::Training training{.epochs = 1, .learning_rate = ic::constant(0.05)};
  const Trained whole = train(nets_of<Tokens>(1), sample, training).front();
  training.parts = 7;  // of 8 images, and at last of 5
  check_as_one(train(nets_of<Tokens>(1), sample, training), whole);
  training.parts = 3;
  check_as_one(train(nets_of<Tokens>(2), sample, training), whole);
}

TEST_CASE("a step that is not finite on one rank is skipped by all of them") {
  const auto on_device = GENERATE(false, true);
  auto nets = nets_of<Net<ic::bias<1>>>(2, kTiny);
  const auto skipped = on_threads(2, [&](const ic::Group& group) {
    auto& net = nets[group.rank()];
    auto optimizer = ic::Sgd{}(*net);
    ic::PathStep step(net, optimizer,
                      {.non_finite = ic::NonFinite::kSkip, .on_device = on_device, .group = group});
    step.begin(0);
    std::vector<bool> found;
    const ic::Batch batch = kData.epoch(0)[0];
    for (int i = 0; i < 4; ++i) {
      const bool is_bad = i == 1 && group.rank() == 1;
      const bool has_bad_buffer = i == 2 && group.rank() == 1;
      const auto record = step(kUniform, [&](const auto& path) {
        const at::Tensor loss =
            at::cross_entropy_loss(net->forward(batch.data, path), batch.target);
        if (has_bad_buffer) net->buffers()[0].fill_(INFINITY);
        return is_bad ? loss * NAN : loss;
      });
      found.push_back(record.skipped);
    }
    step.settle();
    return std::pair(found, parameters_of(*net));
  });
  CHECK(skipped[0].first == std::vector<bool>{false, true, true, false});
  CHECK(skipped[1].first == skipped[0].first);
  CHECK(differing(skipped[0].second, skipped[1].second) == std::vector<std::string>{});
}

TEST_CASE("ranks that do not train the same thing are told so") {
  auto nets = nets_of<Net<ic::bias<1>>>(2, kTiny);
  const auto train_with = [&](const std::function<void(const ic::Group&, Net<ic::bias<1>>&)>& harm,
                              std::uint64_t seeds_apart) {
    return message_of([&] {
      on_threads(2, [&](const ic::Group& group) {
        auto& net = nets[group.rank()];
        const ic::Sampler sample(ic::Uniform(ic::all<Space>), ic::Seed{seeds_apart * group.rank()});
        ic::TrainingRun run(net, kData, sample, {.epochs = 2, .group = group});
        run.run_epoch();
        harm(group, net);
        run.run_epoch();
        return 0;
      });
    });
  };
  CHECK_THAT(train_with([](const auto&, auto&) {}, 1),
             Contains("a step of rank 1 uses other weights than that of rank 0; give the samplers "
                      "of all ranks one seed"));
  CHECK_THAT(train_with(
                 [](const ic::Group& group, Net<ic::bias<1>>& net) {
                   const c10::NoGradGuard no_grad;
                   if (!group.is_first())
                     net->named_parameters()["stem.convolution.weight"].add_(1);
                 },
                 0),
             Contains("before epoch 1 rank 1 has other weights in 'stem.convolution.weight'"));
}

/// A network with a BatchNorm that it calls itself.
struct OwnNormImpl : torch::nn::Module {
  using Space = ::Space;
  Net<ic::none> net{kTiny};
  torch::nn::BatchNorm2d norm{1};
  OwnNormImpl() {
    register_module("net", net);
    register_module("norm", norm);
  }
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<Space>& path) {
    return net->forward(norm->forward(x), path);
  }
};
TORCH_MODULE(OwnNorm);

TEST_CASE("a BatchNorm that is not synchronised is found where all are to be") {
  ic::Training training{.epochs = 2};
  CHECK_NOTHROW(train(nets_of<OwnNorm>(2), kUniform, training));
  training.synchronises_batch_norm = true;
  CHECK_THAT(message_of([&] { train(nets_of<OwnNorm>(2), kUniform, training); }),
             Contains("before epoch 1 rank 1 has another buffer 'norm.running_mean' than rank 0"));
}

TEST_CASE("a training of a group goes on to the same bits, its state on rank 0 alone") {
  const TemporaryFolder folder;
  const auto data = batches(ic::first_images(digits(), 37), 8, 3);
  const auto train = [&](std::size_t ranks, const std::string& name, std::size_t most) {
    std::vector<Net<ic::bias<1>>> nets;
    for (std::size_t r = 0; r < ranks; ++r) nets.push_back(make_net<ic::bias<1>>(1 + r));
    return on_threads(ranks, [&](const ic::Group& group) {
      auto& net = nets[group.rank()];
      std::size_t steps = 0;
      ic::Training training{.epochs = 3, .learning_rate = ic::constant(0.05), .group = group};
      // Asked of one rank, all stop.
      training.stop = [&] { return ++steps >= most && group.rank() + 1 == group.size(); };
      const ic::TrainingStateFile state{.path = folder / fmt::format("{}-{}", name, group.rank()),
                                        .exact = true};
      const auto record = ic::train_resumable(state, net, data, kUniform, training);
      return Trained{parameters_of(*net), record};
    });
  };
  const auto whole = train(2, "whole", 100);
  std::vector<Trained> last;
  for (const std::size_t most : {1, 4, 3, 100}) last = train(2, "pieces", most);
  for (const Trained& one : last) {
    CHECK(differing(one.state, whole[0].state) == std::vector<std::string>{});
    REQUIRE(one.record.epochs.size() == 3);
    for (std::size_t e = 0; e < 3; ++e) {
      CHECK(one.record.epochs[e].loss == whole[0].record.epochs[e].loss);
      CHECK(one.record.epochs[e].accuracy == whole[0].record.epochs[e].accuracy);
    }
  }
  CHECK_FALSE(std::filesystem::exists(folder / "pieces-1"));
  train(2, "other", 4);
  CHECK_THAT(message_of([&] { train(3, "other", 100); }), Contains("ranks is '2' there, '3' here"));
}
