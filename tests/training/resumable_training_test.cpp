// Trainings that are interrupted and go on: the bits of one that never was; what is refused.

#include <ATen/Functions.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/resumable_training.hpp"
#include "interchoice/training/train.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "training/digits_supernet.hpp"

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

template <class Policy>
ic::CheckpointHeader header_of() {
  return ic::checkpoint_header<Space, Policy>({{"width", "4"}});
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
    const auto part = ic::train_resumable(file, net, header_of<Policy>(), data, sample, piece);
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

  // What is finished is only read.
  auto net = network<Policy>();
  std::size_t steps = 0;
  ic::Training again = training;
  again.stop = [&] { return ++steps > 0; };
  check_same(ic::train_resumable(file, net, header_of<Policy>(), data, sample, again), record);
  CHECK(steps == 0);
  CHECK(differing(expected, state_of(*net)) == std::vector<std::string>{});
}

const ic::UniformSampler<Space> kUniform(ic::all<Space>, ic::Seed{4});

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
    training.copy_momentum = ic::CopyMomentum::kFresh;
    check_resumes<ic::split<ic::on_demand>>(training, kUniform);
  }
  SECTION("frozen weights off the path") {
    training.unsampled = ic::UnsampledWeights::kFreeze;
    check_resumes<ic::split<2>>(training, kUniform);
  }
  SECTION("no momentum: what has been sampled goes on to decay") {
    training.sgd = {.momentum = 0, .weight_decay = 0.01};
    check_resumes<ic::bias<1>>(training, kUniform);
  }
  SECTION("several paths a step, label smoothing") {
    training.label_smoothing = 0.1;
    check_resumes<ic::none>(training, ic::StrictFairSampler<Space>(ic::Seed{4}));
  }
  SECTION("a state every second epoch") { check_resumes<ic::none>(training, kUniform, 2); }
}

TEST_CASE("a state of another training is refused with every difference, and left alone") {
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  const ic::Training training = training_of();
  {
    auto net = network<ic::bias<1>>();
    ic::train_resumable(file, net, header_of<ic::bias<1>>(), data_of(), kUniform, training);
  }
  const std::string bytes = bytes_of(file.path);
  const auto refusal = [&](const ic::Training& other, const auto& data, const auto& sample) {
    auto net = network<ic::bias<1>>();
    const State before = state_of(*net);
    const std::string message = thrown_by(
        [&] { ic::train_resumable(file, net, header_of<ic::bias<1>>(), data, sample, other); });
    CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
    CHECK(bytes_of(file.path) == bytes);
    CHECK_THAT(message, Contains(file.path.string()));
    return message;
  };
  using Change = std::function<void(ic::Training&)>;
  const std::vector<std::pair<std::string, Change>> changes{
      {"epochs: '5', here '6'", [](auto& t) { t.epochs = 6; }},
      {"learning rates: '0.05", [](auto& t) { t.learning_rate = ic::cosine(0.05, 2e-3); }},
      {"momentum: '0.9", [](auto& t) { t.sgd.momentum = 0.8; }},
      {"weight decay", [](auto& t) { t.sgd.weight_decay = 0; }},
      {"label smoothing", [](auto& t) { t.label_smoothing = 0.1; }},
      {"unsampled weights: 'move', here 'freeze'",
       [](auto& t) { t.unsampled = ic::UnsampledWeights::kFreeze; }},
      {"batches of paths", [](auto& t) { t.path_batches = ic::PathBatches::kSuccessiveBatches; }},
      {"split epoch: 'none', here '2'", [](auto& t) { t.split_epoch = 2; }},
      {"momentum of copies: 'copied', here 'fresh'",
       [](auto& t) { t.copy_momentum = ic::CopyMomentum::kFresh; }}};
  for (const auto& [text, change] : changes) {
    INFO(text);
    ic::Training other = training;
    change(other);
    const std::string message = refusal(other, data_of(), kUniform);
    CHECK_THAT(message, Contains("another training") && Contains(text));
    CHECK(message.find("first batch") == message.npos);  // what agrees is not named
  }
  CHECK_THAT(refusal(training, data_of(9), kUniform), Contains("first batch"));
  CHECK_THAT(refusal(training, batches(ic::first_images(digits(), 64), 32, 3), kUniform),
             Contains("images: '96', here '64'") && Contains("batches: '3', here '2'"));
  CHECK_THAT(refusal(training, data_of(), ic::UniformSampler<Space>(ic::all<Space>, ic::Seed{5})),
             Contains("first paths"));

  // Another network.
  auto net = network<ic::none>();
  CHECK_THAT(thrown_by([&] {
               ic::train_resumable(file, net, header_of<ic::none>(), data_of(), kUniform, training);
             }),
             Contains("policy is 'bias<1>', the network's 'none'"));
}

TEST_CASE("what is no state of a training, or a damaged one, is refused") {
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  const auto header = header_of<ic::none>();
  const auto go_on = [&] {
    auto net = network<ic::none>();
    return thrown_by(
        [&] { ic::train_resumable(file, net, header, data_of(), kUniform, training_of()); });
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
  CHECK_THAT(with("\"format\":1", "\"format\":2"), Contains("format 2"));
  CHECK_THAT(with("{", "["), Contains("damaged"));
  CHECK_THAT(with("\"epochs\":[[", "\"epochs\":[[1.0,"), Contains("4 values"));
  CHECK_THAT(with("\"gradients\":[\"", "\"gradients\":[\"x"), Contains("no parameter 'x"));
  const std::string momentum = "momentum.net.stem.convolution.weight";
  CHECK_THAT(damaged([&](auto& f) { f.tensors[momentum] = at::zeros({3}); }),
             Contains("fits no parameter"));
  CHECK_THAT(damaged([&](auto& f) { f.tensors["momentum.nothing"] = at::zeros({3}); }),
             Contains("'nothing' fits no parameter"));
  CHECK_THAT(damaged([](auto& f) { f.tensors.erase("generator.cpu"); }),
             Contains("random number generator 'cpu'"));
  CHECK_THAT(damaged([](auto& f) { f.tensors["generator.cpu"] = at::zeros({3}, at::kByte); }),
             Contains("random number generator 'cpu'"));
  CHECK_THAT(damaged([](auto& f) { f.tensors.erase("network.net.stem.convolution.weight"); }),
             Contains("is missing"));
  CHECK_THAT(damaged([](auto& f) { f.tensors["network.more"] = at::zeros({1}); }),
             Contains("is unknown"));
  ic::write_tensor_file(file.path, whole);
  std::filesystem::resize_file(file.path, std::filesystem::file_size(file.path) - 1);
  CHECK_THAT(go_on(), Contains(file.path.string()));

  // A state is no checkpoint either: what it has more is named.
  ic::write_tensor_file(file.path, whole);
  auto net = network<ic::none>();
  CHECK_THAT(thrown_by([&] { ic::load_checkpoint(file.path, *net, header); }),
             Contains("momentum.net.stem.convolution.weight' is unknown"));
}

TEST_CASE("what cannot be kept is refused before the first step") {
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  auto net = network<ic::split<1, 1, ic::last_used>>();
  const auto header = header_of<ic::split<1, 1, ic::last_used>>();
  ic::Training training = training_of();
  training.stop = [] { return true; };
  CHECK_THAT(
      thrown_by([&] { ic::train_resumable(file, net, header, data_of(), kUniform, training); }),
      Contains("net.cells.0.edge01") && Contains("last_used"));
  auto other = network<ic::none>();
  training.copy_momentum = ic::CopyMomentum::kShared;
  training.unsampled = ic::UnsampledWeights::kFreeze;
  CHECK_THAT(thrown_by([&] {
               ic::train_resumable(file, other, header_of<ic::none>(), data_of(), kUniform,
                                   training);
             }),
             Contains("kShared"));
  CHECK_THAT(thrown_by([&] {
               ic::train_resumable({file.path, 0}, other, header_of<ic::none>(), data_of(),
                                   kUniform, training_of());
             }),
             Contains("every is 0"));
  CHECK_FALSE(std::filesystem::exists(file.path));
}
