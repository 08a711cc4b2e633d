// Trainings that are interrupted and go on: the bits of one that never was; what is refused.

#include <ATen/Functions.h>
#include <torch/optim/lbfgs.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "interchoice/networks/saved_network.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/sampling/weighted.hpp"
#include "interchoice/training/resumable_training.hpp"
#include "interchoice/training/train.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "training/digits_supernet.hpp"
#include "training/optimizer_makers.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

constexpr std::size_t kEpochs = 5;
constexpr std::size_t kSteps = 3;  // an epoch

/// Draws from libtorch's generator at every step, as dropout in a head does.
template <class Policy>
struct Dropping : torch::nn::Module {
  using Space = ic::testing::Space;
  at::Tensor forward(const at::Tensor& x, const Path& path) {
    return net->forward(at::dropout(x, 0.3, is_training()), path);
  }
  Net<Policy> net = register_module("net", Net<Policy>(kTiny));
};

/// A new network, the same every time.
template <class Policy>
std::shared_ptr<Dropping<Policy>> network() {
  at::manual_seed(1);
  return std::make_shared<Dropping<Policy>>();
}

ic::Batches data_of(std::uint64_t seed = 3) {
  return batches(ic::first_images(digits(), 96), 32, seed);
}

ic::Training training_of() {
  ic::Training training;
  training.epochs = kEpochs;
  training.learning_rate = ic::cosine(0.05, 1e-3);
  return training;
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void check_same(const ic::TrainingRecord& a, const ic::TrainingRecord& b) {
  REQUIRE(a.epochs.size() == b.epochs.size());
  CHECK(a.stopped == b.stopped);
  for (std::size_t e = 0; e < a.epochs.size(); ++e) {
    CHECK(a.epochs[e].epoch == b.epochs[e].epoch);
    CHECK(a.epochs[e].learning_rate == b.epochs[e].learning_rate);
    CHECK(a.epochs[e].loss == b.epochs[e].loss);
    CHECK(a.epochs[e].accuracy == b.epochs[e].accuracy);
    CHECK(a.epochs[e].is_partial == b.epochs[e].is_partial);
  }
}

/// Trains in one go, and in pieces of some steps by networks and files of their own.
template <class Policy, class Sampler>
void check_resumes(const ic::Training& training, const Sampler& sample, std::size_t every = 1) {
  const ic::Batches data = data_of();
  auto whole = network<Policy>();
  const ic::TrainingRecord record = ic::train(whole, data, sample, training);
  const State expected = state_of(*whole);
  REQUIRE(record.epochs.size() == kEpochs);

  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state", every};
  std::size_t steps_in_all = 0;
  bool is_over = false;
  // One step, the first epoch to its last step, some more, ...
  for (const std::size_t most :
       {std::size_t{1}, kSteps, kSteps + 2, std::size_t{2}, 3 * kSteps, 10 * kSteps}) {
    auto net = network<Policy>();
    if (std::filesystem::exists(file.path)) at::manual_seed(most);  // what another process drew
    std::size_t steps = 0;
    ic::Training piece = training;
    piece.stop = [&] { return ++steps >= most; };
    const auto part = ic::train_resumable(file, net, data, sample, piece);
    steps_in_all += steps;
    is_over = !part.stopped;
    if (!is_over) {
      CHECK(part.epochs.size() < kEpochs + 1);
      continue;
    }
    check_same(part, record);
    CHECK(differing(expected, state_of(*net)) == std::vector<std::string>{});
    break;
  }
  REQUIRE(is_over);
  CHECK(steps_in_all > kEpochs * kSteps);      // something was done twice,
  CHECK(steps_in_all < 2 * kEpochs * kSteps);  // not all

  // A finished training is only read.
  auto net = network<Policy>();
  std::size_t steps = 0;
  ic::Training again = training;
  again.stop = [&] { return ++steps > 0; };
  check_same(ic::train_resumable(file, net, data, sample, again), record);
  CHECK(steps == 0);
  CHECK(differing(expected, state_of(*net)) == std::vector<std::string>{});
}

const ic::Sampler<ic::Uniform<Space>> kUniform(ic::Uniform(ic::all<Space>), ic::Seed{4});

}  // namespace

TEMPLATE_TEST_CASE("an interrupted training goes on to the same bits", "", ic::none, ic::bias<2>,
                   (ic::split<2>), ic::affine<1>,
                   (ic::compose<ic::shift<1>, ic::bias<1>, ic::split<1>>)) {
  check_resumes<TestType>(training_of(), kUniform);
}

TEST_CASE("so does one of other options") {
  ic::Training training = training_of();
  SECTION("a split on demand, copies without momentum") {
    training.split_epoch = 2;
    training.copies = ic::fresh_momentum;
    check_resumes<ic::split<ic::on_demand>>(training, kUniform);
  }
  SECTION("frozen weights off the path") {
    training.unsampled = ic::freeze_unsampled;
    check_resumes<ic::split<2>>(training, kUniform);
  }
  SECTION("no momentum: what has been sampled goes on to decay") {
    training.optimizer = ic::Sgd{.momentum = 0, .weight_decay = 0.01};
    check_resumes<ic::bias<1>>(training, kUniform);
  }
  SECTION("several paths a step, label smoothing") {
    training.loss = ic::CrossEntropy{.label_smoothing = 0.1};
    check_resumes<ic::none>(training, ic::Sampler(ic::StrictFair(ic::all<Space>), ic::Seed{4}));
  }
  SECTION("every optimizer, through a split, copies without momentum") {
    training.optimizer = GENERATE(from_range(optimizer_makers()));
    INFO(training.optimizer.text());
    training.learning_rate = ic::cosine(0.01, 1e-4);
    training.copies = ic::fresh_momentum;
    check_resumes<ic::split<2>>(training, kUniform);
  }
  SECTION("a state every second epoch") { check_resumes<ic::none>(training, kUniform, 2); }
}

TEST_CASE("a state of another training is refused with every difference, and left alone") {
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  const ic::Training training = training_of();
  {
    auto net = network<ic::bias<1>>();
    ic::train_resumable(file, net, data_of(), kUniform, training);
  }
  const std::string bytes = bytes_of(file.path);
  const auto refusal = [&](const ic::Training& other, const auto& data, const auto& sample) {
    auto net = network<ic::bias<1>>();
    const State before = state_of(*net);
    const std::string message =
        thrown_by([&] { ic::train_resumable(file, net, data, sample, other); });
    CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
    CHECK(bytes_of(file.path) == bytes);
    CHECK_THAT(message, Contains(file.path.string()));
    return message;
  };
  using Change = std::function<void(ic::Training&)>;
  const std::vector<std::pair<std::string, Change>> changes{
      {"epochs is '5' there, '6' here", [](auto& t) { t.epochs = 6; }},
      {"learning rates is 'from 0.05, digest",
       [](auto& t) { t.learning_rate = ic::cosine(0.05, 2e-3); }},
      {"optimizer is 'SGD, momentum 0.9, weight decay 0.0003' there, 'SGD, momentum 0.8",
       [](auto& t) { t.optimizer = ic::Sgd{.momentum = 0.8}; }},
      {"weight decay 0' here", [](auto& t) { t.optimizer = ic::Sgd{.weight_decay = 0}; }},
      {"'AdamW,", [](auto& t) { t.optimizer = ic::AdamW{}; }},
      {"loss is 'cross entropy, label smoothing 0' there",
       [](auto& t) { t.loss = ic::CrossEntropy{.label_smoothing = 0.1}; }},
      {"unsampled weights is 'move' there, 'freeze' here",
       [](auto& t) { t.unsampled = ic::freeze_unsampled; }},
      {"batches of paths", [](auto& t) { t.path_batches = ic::PathBatches::kSuccessive; }},
      {"split epoch is 'the policy's' there, '2' here", [](auto& t) { t.split_epoch = 2; }},
      {"momentum of copies is 'copied' there, 'fresh' here",
       [](auto& t) { t.copies = ic::fresh_momentum; }}};
  for (const auto& [text, change] : changes) {
    INFO(text);
    ic::Training other = training;
    change(other);
    const std::string message = refusal(other, data_of(), kUniform);
    CHECK_THAT(message, Contains("another training") && Contains(text));
    CHECK(message.find("data is") == message.npos);  // what agrees is not named
  }
  CHECK_THAT(refusal(training, data_of(9), kUniform), Contains("data is") && Contains("seed 9"));
  CHECK_THAT(refusal(training, batches(ic::first_images(digits(), 64), 32, 3), kUniform),
             Contains("data is '96 images"));
  CHECK_THAT(refusal(training, data_of(), ic::Sampler(ic::Uniform(ic::all<Space>), ic::Seed{5})),
             Contains("sampler is") && Contains("seed 5"));

  // Another network.
  auto net = network<ic::none>();
  CHECK_THAT(thrown_by([&] { ic::train_resumable(file, net, data_of(), kUniform, training); }),
             Contains("policy is 'bias<1>' there, 'none' here"));
}

TEST_CASE("what is no state of a training, or a damaged one, is refused") {
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  const auto go_on = [&] {
    auto net = network<ic::none>();
    return thrown_by([&] { ic::train_resumable(file, net, data_of(), kUniform, training_of()); });
  };
  REQUIRE(go_on() == "");
  const ic::TensorFile whole = ic::read_tensor_file(file.path);
  const auto damaged = [&](const std::function<void(ic::TensorFile&)>& damage) {
    ic::TensorFile copy = whole;
    damage(copy);
    ic::write_tensor_file(file.path, copy);
    return go_on();
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    return damaged([&](ic::TensorFile& f) {
      std::string& text = f.metadata.at("interchoice_training");
      REQUIRE(text.find(from) != text.npos);
      text.replace(text.find(from), from.size(), to);
    });
  };
  CHECK(damaged([](auto&) {}) == "");
  CHECK_THAT(damaged([](auto& f) { f.metadata.erase("interchoice_training"); }),
             Contains("no state of a training"));
  CHECK_THAT(with("\"format\":2", "\"format\":1"),
             Contains("format 1, this version reads format 2"));
  CHECK_THAT(with("{", "["), Contains("damaged"));
  CHECK_THAT(with("\"epochs\":[[", "\"epochs\":[[1.0,"), Contains("4 values"));
  CHECK_THAT(with("\"gradients\":[\"", "\"gradients\":[\"x"), Contains("no parameter 'x"));
  const std::string momentum = "optimizer.net.stem.convolution.weight.momentum_buffer";
  CHECK_THAT(damaged([&](auto& f) { f.tensors[momentum] = at::zeros({3}); }),
             Contains("fits no parameter"));
  CHECK_THAT(damaged([&](auto& f) { f.tensors["optimizer.nothing.step"] = at::zeros({3}); }),
             Contains("for 'nothing' fits no parameter"));
  CHECK_THAT(damaged([](auto& f) { f.tensors.erase("generator.cpu"); }),
             Contains("random number generator 'cpu'"));
  CHECK_THAT(damaged([](auto& f) { f.tensors["generator.cpu"] = at::zeros({3}, at::kByte); }),
             Contains("random number generator 'cpu'"));
  CHECK_THAT(damaged([](auto& f) { f.tensors.erase("network.net.stem.convolution.weight"); }),
             Contains("is missing there"));
  CHECK_THAT(damaged([](auto& f) { f.tensors["network.more"] = at::zeros({1}); }),
             Contains("missing here"));
  ic::write_tensor_file(file.path, whole);
  std::filesystem::resize_file(file.path, std::filesystem::file_size(file.path) - 1);
  CHECK_THAT(go_on(), Contains(file.path.string()));

  // A state is no checkpoint either: what it has more is named.
  ic::write_tensor_file(file.path, whole);
  auto net = network<ic::none>();
  CHECK_THAT(thrown_by([&] { ic::load(file.path, net); }),
             Contains("optimizer.net.stem.convolution.weight.momentum_buffer' is"));
}

TEST_CASE("a sampler or data that differ a little make another training") {
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  ic::Training training = training_of();
  training.epochs = 1;
  const auto weighted = [](double weight) {
    return ic::Sampler(
        ic::Weighted(ic::all<Space>,
                     [weight](std::size_t, std::size_t c) { return c == 3 ? weight : 1.0; }),
        ic::Seed{4});
  };
  const auto go_on = [&](double weight, const ic::ImageSet& set) {
    auto net = network<ic::none>();
    return thrown_by(
        [&] { ic::train_resumable(file, net, batches(set, 32, 3), weighted(weight), training); });
  };
  const ic::ImageSet set = ic::first_images(digits(), 96);
  REQUIRE(weighted(1)(0, 0) == weighted(1 + 1e-12)(0, 0));  // the same first paths
  CHECK(go_on(1, set) == "");
  CHECK_THAT(go_on(1 + 1e-12, set), Contains("sampler is") && !Contains("data is"));
  ic::ImageSet other = set;
  other.labels = set.labels.clone();
  other.labels[95] = (other.labels[95].item<std::int64_t>() + 1) % 10;
  CHECK_THAT(go_on(1, other), Contains("data is") && !Contains("sampler is"));
  CHECK(go_on(1, set) == "");
}

TEST_CASE("what cannot be kept or told apart is refused before the first step") {
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  auto net = network<ic::none>();
  const auto refusal = [&](const ic::TrainingStateFile& state, const auto& data, const auto& sample,
                           const ic::Training& training) {
    return thrown_by([&] { ic::train_resumable(state, net, data, sample, training); });
  };
  ic::Training training = training_of();
  CHECK_THAT(refusal({file.path, 0}, data_of(), kUniform, training), Contains("every is 0"));
  const auto no_text = [](std::uint64_t, std::uint64_t) { return Path{}; };
  CHECK_THAT(refusal(file, data_of(), no_text, training), Contains("the sampler of a training"));
  struct Repeated {
    std::int64_t size() const { return 1; }
    std::int64_t example_count() const { return 32; }
    ic::Batch evaluation(std::int64_t i) const { return data_of().evaluation(i); }
    ic::Batch calibration(std::int64_t i) const { return evaluation(i); }
    std::vector<ic::Batch> epoch(std::uint64_t) const { return {evaluation(0)}; }
  };
  CHECK_THAT(refusal(file, Repeated{}, kUniform, training), Contains("the data of a training"));
  training.loss = [](const at::Tensor& y, const at::Tensor& target) {
    return at::cross_entropy_loss(y, target);
  };
  CHECK_THAT(refusal(file, data_of(), kUniform, training),
             Contains("the loss of a training") && Contains("write Named{text, callable}"));
  training.loss = ic::Named("cross entropy", training.loss);
  CHECK(*ic::training_identity(data_of(), kUniform, training).find("loss") == "cross entropy");
  training = training_of();
  training.optimizer = [](const torch::nn::Module& m) {
    return torch::optim::LBFGS(m.parameters());
  };
  CHECK_THAT(refusal(file, data_of(), kUniform, training), Contains("keeps the state of"));
  CHECK_FALSE(std::filesystem::exists(file.path));
}
