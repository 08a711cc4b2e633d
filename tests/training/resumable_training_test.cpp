// Trainings that are interrupted and go on: the bits of one that never was; what is refused.

#include <ATen/Functions.h>
#include <c10/util/Exception.h>
#include <torch/optim/lbfgs.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/data/prefetch.hpp"
#include "interchoice/io/file_lock.hpp"
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
using Epochs = std::vector<std::size_t>;

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

/// What a process that is killed does not come back from.
struct Killed {};

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void check_same(const ic::TrainingRecord& a, const ic::TrainingRecord& b) {
  REQUIRE(a.epochs.size() == b.epochs.size());
  CHECK(a.stopped == b.stopped);
  CHECK(a.position == b.position);
  for (std::size_t e = 0; e < a.epochs.size(); ++e) {
    CHECK(a.epochs[e].epoch == b.epochs[e].epoch);
    CHECK(a.epochs[e].learning_rate == b.epochs[e].learning_rate);
    CHECK(a.epochs[e].loss == b.epochs[e].loss);
    CHECK(a.epochs[e].accuracy == b.epochs[e].accuracy);
    CHECK(a.epochs[e].is_partial == b.epochs[e].is_partial);
    CHECK(a.epochs[e].skipped == b.epochs[e].skipped);
  }
}

/// The content of a state without its seconds, which differ every time.
std::string content_of(const std::filesystem::path& path) {
  ic::TensorFile file = ic::read_tensor_file(path);
  auto json = nlohmann::json::parse(file.metadata.at("interchoice_training"));
  for (auto& epoch : json.at("epochs")) epoch.at(3) = 0;
  json.at("sums").at("seconds") = 0;
  file.metadata.at("interchoice_training") = json.dump();
  const std::filesystem::path copy = path.string() + ".copy";
  ic::write_tensor_file(copy, file);
  return bytes_of(copy);
}

/// Trains in one go, and in pieces by networks and files of their own: pieces that are stopped
/// after some steps, or killed in one, which comes back to the last state.
template <class Policy, class Sampler, class Source = ic::Batches>
void check_resumes(const ic::Training& training, const Sampler& sample,
                   const Source& data = data_of()) {
  const bool kills = GENERATE(false, true);
  INFO((kills ? "killed" : "stopped"));
  const TemporaryFolder folder;
  auto whole = network<Policy>();
  const ic::TrainingRecord record =
      ic::train_resumable({folder / "whole"}, whole, data, sample, training);
  const State expected = state_of(*whole);
  REQUIRE(record.epochs.size() == kEpochs);
  auto plain = network<Policy>();
  check_same(ic::train(plain, data, sample, training), record);
  CHECK(differing(expected, state_of(*plain)) == std::vector<std::string>{});

  ic::TrainingStateFile file{folder / "state"};
  file.epochs = kills ? 2 : 0;
  file.steps = kills ? 2 : 0;
  std::size_t steps_in_all = 0;
  bool is_over = false;
  // One step, the first epoch to its last step, some more, ...
  for (const std::size_t most :
       {std::size_t{1}, kSteps - 1, kSteps + 2, std::size_t{2}, 2 * kSteps, 10 * kSteps}) {
    auto net = network<Policy>();
    if (std::filesystem::exists(file.path)) at::manual_seed(most);  // what another process drew
    std::size_t steps = 0;
    ic::Training piece = training;
    if (!kills) piece.stop = [&] { return ++steps >= most; };
    const auto report = [&](const ic::Progress& progress) {
      CHECK(progress.done == (kills ? progress.before + steps + 1 : steps_in_all + steps));
      CHECK(progress.total == kEpochs * static_cast<std::size_t>(data.size()));
      if (kills && ++steps >= most + 1) throw Killed{};
    };
    ic::TrainingRecord part;
    try {
      part = ic::train_resumable(file, net, data, sample, piece, report);
      is_over = !part.stopped;
    } catch (const Killed&) {
    }
    steps_in_all += steps;
    if (!kills) {
      const auto size = static_cast<std::size_t>(data.size());
      CHECK(part.position == ic::TrainingPosition{steps_in_all / size, steps_in_all % size});
    }
    if (!is_over) continue;
    check_same(part, record);
    CHECK(differing(expected, state_of(*net)) == std::vector<std::string>{});
    break;
  }
  REQUIRE(is_over);
  const std::size_t needed = kEpochs * static_cast<std::size_t>(data.size());
  CHECK((kills ? steps_in_all > needed : steps_in_all == needed));  // done twice, or nothing
  CHECK(content_of(file.path) == content_of(folder / "whole"));

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
    training.split_epochs = {2};
    training.copies = ic::fresh_momentum;
    check_resumes<ic::split<ic::on_demand>>(training, kUniform);
  }
  SECTION("a split in two stages") {
    training.split_epochs = {1, 3};
    check_resumes<ic::staged_split<2>>(training, kUniform);
  }
  SECTION("frozen weights off the path") {
    training.unsampled = ic::UnsampledWeights::kFreeze;
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
  SECTION("batches that are made ahead") {
    check_resumes<ic::none>(training, kUniform, ic::Prefetched(data_of()));
  }
  SECTION("steps that are skipped") {
    training.loss = ic::Named("now and then not a number",
                              [](const at::Tensor& logits, const at::Tensor& target) {
                                const at::Tensor loss = at::cross_entropy_loss(logits, target);
                                return target[0].item<std::int64_t>() % 5 == 0 ? loss * NAN : loss;
                              });
    training.non_finite = ic::NonFinite::kSkip;
    check_resumes<ic::bias<1>>(training, kUniform);
  }
  SECTION("every optimizer, through a split, copies without momentum") {
    training.optimizer = GENERATE(from_range(optimizer_makers()));
    INFO(training.optimizer.text());
    training.learning_rate = ic::cosine(0.01, 1e-4);
    training.copies = ic::fresh_momentum;
    check_resumes<ic::split<2>>(training, kUniform);
  }
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
        message_of([&] { ic::train_resumable(file, net, data, sample, other); });
    CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
    CHECK(bytes_of(file.path) == bytes);
    CHECK_THAT(message, Contains(file.path.string()));
    return message;
  };
  using Change = std::function<void(ic::Training&)>;
  const std::vector<std::pair<std::string, Change>> changes{
      {"optimizer is 'SGD, momentum 0.9, weight decay 0.0003' there, 'SGD, momentum 0.8",
       [](auto& t) { t.optimizer = ic::Sgd{.momentum = 0.8}; }},
      {"weight decay 0' here", [](auto& t) { t.optimizer = ic::Sgd{.weight_decay = 0}; }},
      {"'AdamW,", [](auto& t) { t.optimizer = ic::AdamW{}; }},
      {"loss is 'cross entropy, label smoothing 0' there",
       [](auto& t) { t.loss = ic::CrossEntropy{.label_smoothing = 0.1}; }},
      {"unsampled weights is 'move' there, 'freeze' here",
       [](auto& t) { t.unsampled = ic::UnsampledWeights::kFreeze; }},
      {"batches of paths", [](auto& t) { t.path_batches = ic::PathBatches::kSuccessive; }},
      {"split epoch is the policy's there, '2' here", [](auto& t) { t.split_epochs = {2}; }},
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
  ic::Training other = training;
  other.learning_rate = ic::cosine(0.05, 2e-3);
  CHECK_THAT(refusal(other, data_of(), kUniform),
             Contains("another training: the learning rate of epoch 1 was 0.0453") &&
                 Contains("and is 0.0454") && Contains("remove it to begin anew"));
  other = training;
  other.epochs = 6;
  CHECK_THAT(refusal(other, data_of(), kUniform),
             Contains("the learning rate of epoch 1 was 0.0453") &&
                 Contains(" of 5 epochs and is ") &&
                 Contains(" of 6: this schedule cannot be extended"));
  other.epochs = 4;
  CHECK_THAT(refusal(other, data_of(), kUniform),
             Contains("has begun epoch 5 of 5, the training has 4 epochs"));
  CHECK_THAT(refusal(training, data_of(9), kUniform), Contains("data is") && Contains("seed 9"));
  CHECK_THAT(refusal(training, batches(ic::first_images(digits(), 64), 32, 3), kUniform),
             Contains("data is '96 images"));
  CHECK_THAT(refusal(training, data_of(), ic::Sampler(ic::Uniform(ic::all<Space>), ic::Seed{5})),
             Contains("sampler is") && Contains("seed 5"));

  // Another network.
  auto net = network<ic::none>();
  CHECK_THAT(message_of([&] { ic::train_resumable(file, net, data_of(), kUniform, training); }),
             Contains("policy is 'bias<1>' there, 'none' here"));
}

TEST_CASE("what is no state of a training, or a damaged one, is refused") {
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  const auto go_on = [&] {
    auto net = network<ic::none>();
    return message_of([&] { ic::train_resumable(file, net, data_of(), kUniform, training_of()); });
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
  CHECK_THAT(with("\"format\":4", "\"format\":3"),
             Contains("format 3, this version reads format 4; remove it to begin anew"));
  CHECK_THAT(with("\"owed\":[]", "\"owed\":[0,1]"), Contains("a weight owes 1 of 0 steps"));
  CHECK_THAT(with("\"owed\":[]", "\"owed\":[0,-1]"), Contains("a weight owes -1 of 0 steps"));
  CHECK_THAT(with("\"owed\":[]", "\"owed\":[0,0]"), Contains("it has 2 owed steps for"));
  CHECK_THAT(with("{", "["), Contains("damaged"));
  CHECK_THAT(with("\"epochs\":[[", "\"epochs\":[[1.0,"), Contains("5 values"));
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
  const std::string random = damaged([](auto& f) { f.tensors["generator.cpu"].zero_(); });
  CHECK_THAT(random, Contains(file.path.string()) && Contains("random number generator 'cpu'"));
  CHECK(random.find("frame") == random.npos);
  CHECK_THAT(with("\"step\":0", "\"step\":3"), Contains("has begun epoch 6 of 5"));
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
  CHECK_THAT(message_of([&] { ic::load(file.path, net); }),
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
    return message_of(
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
    return message_of([&] { ic::train_resumable(state, net, data, sample, training); });
  };
  ic::Training training = training_of();
  CHECK_THAT(refusal({.path = file.path, .minutes = -1}, data_of(), kUniform, training),
             Contains("minutes is -1"));
  CHECK_THAT(refusal({.path = file.path, .minutes = NAN}, data_of(), kUniform, training),
             Contains("minutes is nan"));
  const State before = state_of(*net);
  CHECK_THAT(refusal({folder / "no folder" / "state"}, data_of(), kUniform, training),
             Contains("no folder"));
  {
    const ic::FileLock lock = ic::FileLock::require(file.path);
    CHECK_THAT(refusal(file, data_of(), kUniform, training),
               Contains(file.path.string()) && Contains("another process is using it"));
  }
  CHECK(differing(before, state_of(*net)).empty());
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

TEST_CASE("a training is extended where its learning rates allow it") {
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  ic::Training training = training_of();
  const auto go_on = [&](std::size_t epochs, const Epochs& split,
                         const std::filesystem::path& path) {
    auto net = network<ic::split<ic::on_demand>>();
    training.epochs = epochs;
    training.split_epochs = split;
    const auto record = ic::train_resumable({path}, net, data_of(), kUniform, training);
    return std::pair(record, state_of(*net));
  };
  const ic::LearningRate rate =
      GENERATE(ic::constant(0.05), ic::LearningRate(ic::StepDecay{0.05, 0.5, 2}));
  training.learning_rate = rate;
  const Epochs split = GENERATE(Epochs{}, Epochs{4});
  CHECK(go_on(2, {}, file.path).first.epochs.size() == 2);
  CHECK(go_on(3, {}, file.path).first.epochs.size() == 3);
  const auto extended = go_on(6, split, file.path);
  const auto whole = go_on(6, split, folder / "whole");
  check_same(extended.first, whole.first);
  CHECK(differing(extended.second, whole.second) == std::vector<std::string>{});
  CHECK(content_of(file.path) == content_of(folder / "whole"));

  // What is done is done: no split before it, none taken back, none moved.
  for (const auto& other : {Epochs{5}, Epochs{2}}) {
    CHECK_THAT(message_of([&] { go_on(8, other, file.path); }), Contains("split epoch is"));
  }
  CHECK(go_on(8, split, file.path).first.epochs.size() == 8);
  CHECK_THAT(message_of([&] { go_on(7, split, file.path); }),
             Contains("has begun epoch 8 of 8, the training has 7"));
}

TEST_CASE("an epoch in progress keeps its learning rate, and its split") {
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  ic::Training training = training_of();
  training.learning_rate = ic::constant(0.05);
  training.split_epochs = {1};
  std::size_t steps = 0;
  training.stop = [&] { return ++steps == kSteps + 1; };
  auto net = network<ic::split<ic::on_demand>>();
  CHECK(ic::train_resumable(file, net, data_of(), kUniform, training).position ==
        ic::TrainingPosition{1, 1});
  const std::string bytes = bytes_of(file.path);
  const auto go_on = [&](const ic::LearningRate& rate, const Epochs& split) {
    auto other = network<ic::split<ic::on_demand>>();
    ic::Training changed = training;
    changed.learning_rate = rate;
    changed.split_epochs = split;
    changed.stop = [] { return true; };
    return message_of([&] { ic::train_resumable(file, other, data_of(), kUniform, changed); });
  };
  const auto from = [](std::size_t first) -> ic::LearningRate {
    return [first](std::size_t epoch, std::size_t) { return epoch < first ? 0.05 : 0.01; };
  };
  CHECK_THAT(go_on(from(1), {1}), Contains("the learning rate of epoch 1 was 0.05 and is 0.01"));
  CHECK_THAT(go_on(training.learning_rate, {2}), Contains("split epoch is '1' there, '2' here"));
  CHECK_THAT(go_on(training.learning_rate, {0, 1}),
             Contains("split epoch is '1' there, '0, 1' here"));
  CHECK(bytes_of(file.path) == bytes);
  CHECK(go_on(from(2), {1}) == "");
  CHECK(bytes_of(file.path) != bytes);

  // More steps than an epoch has.
  ic::TensorFile content = ic::read_tensor_file(file.path);
  auto json = nlohmann::json::parse(content.metadata.at("interchoice_training"));
  REQUIRE(json.at("step") == 2);
  for (const int step : {3, -1}) {
    json.at("step") = step;
    content.metadata.at("interchoice_training") = json.dump();
    ic::write_tensor_file(file.path, content);
    const std::string message = go_on(training.learning_rate, {1});
    CHECK_THAT(message, Contains(file.path.string() + ": 1 epochs and ") &&
                            Contains(" steps are done of 5 epochs of 3 steps"));
    CHECK(message.find("frame") == message.npos);
  }
}

namespace {

struct Warnings : c10::WarningHandler {
  std::vector<std::string> texts;
  void process(const c10::Warning& warning) override { texts.push_back(warning.msg()); }
};

}  // namespace

TEST_CASE("other conditions are said once, or refused") {
  const TemporaryFolder folder;
  ic::TrainingStateFile file{folder / "state"};
  const ic::Training training = training_of();
  const auto go_on = [&] {
    auto net = network<ic::none>();
    return message_of([&] { ic::train_resumable(file, net, data_of(), kUniform, training); });
  };
  Warnings warnings;
  const c10::WarningUtils::WarningHandlerGuard guard(&warnings);
  CHECK(go_on() == "");
  file.exact = true;
  CHECK(go_on() == "");
  CHECK(warnings.texts.empty());
  ic::TensorFile content = ic::read_tensor_file(file.path);
  auto json = nlohmann::json::parse(content.metadata.at("interchoice_training"));
  for (const char* fact :
       {"threads", "instruction set", "libtorch", "interchoice", "device", "precision"}) {
    CHECK(json.at("environment").contains(fact));
  }
  json.at("environment").at("threads") = "77";
  content.metadata.at("interchoice_training") = json.dump();
  ic::write_tensor_file(file.path, content);
  CHECK_THAT(go_on(), Contains(file.path.string()) && Contains("threads is '77' there, '") &&
                          !Contains("instruction set"));
  CHECK(warnings.texts.empty());
  file.exact = false;
  CHECK(go_on() == "");
  REQUIRE(warnings.texts.size() == 1);
  CHECK_THAT(warnings.texts[0], Contains(file.path.string()) && Contains("threads is '77' there"));
}

TEST_CASE("a state is written by steps and by time") {
  const TemporaryFolder folder;
  const auto survived = [&](const ic::TrainingStateFile& file, std::size_t killed_in) {
    std::filesystem::remove(file.path);
    auto net = network<ic::none>();
    std::size_t steps = 0;
    const auto kill = [&](const ic::Progress&) {
      if (++steps == killed_in) throw Killed{};
    };
    CHECK_THROWS_AS(ic::train_resumable(file, net, data_of(), kUniform, training_of(), kill),
                    Killed);
    if (!std::filesystem::exists(file.path)) return std::size_t{0};
    std::size_t before = 0;
    const auto note = [&](const ic::Progress& progress) { before = progress.before; };
    auto other = network<ic::none>();
    ic::train_resumable(file, other, data_of(), kUniform, training_of(), note);
    return before;
  };
  const std::filesystem::path path = folder / "state";
  CHECK(survived({path}, 8) == 6);  // 3 steps an epoch
  CHECK(survived({.path = path, .epochs = 2}, 12) == 6);
  CHECK(survived({.path = path, .epochs = 0}, 15) == 0);
  CHECK(survived({.path = path, .epochs = 0, .steps = 4}, 11) == 8);
  CHECK(survived({.path = path, .steps = 4}, 11) == 9);
  CHECK(survived({.path = path, .epochs = 0, .minutes = 1e-12}, 6) == 5);
  CHECK(survived({.path = path, .epochs = 0, .minutes = 1e6}, 6) == 0);
}

TEST_CASE("a state that is not finite is never written") {
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  const auto spoiled = [&](const std::function<void(torch::nn::Module&)>& spoil) {
    std::filesystem::remove(file.path);
    auto net = network<ic::none>();
    std::size_t steps = 0;
    std::string bytes;
    ic::Training training = training_of();
    training.stop = [&] {
      if (++steps == 2 * kSteps) {  // after the first state
        const c10::NoGradGuard no_grad;
        bytes = bytes_of(file.path);
        spoil(*net);
      }
      return false;
    };
    const std::string message =
        message_of([&] { ic::train_resumable(file, net, data_of(), kUniform, training); });
    CHECK(bytes_of(file.path) == bytes);
    if (!message.empty()) CHECK_THAT(message, Contains(file.path.string()));
    return message;
  };
  const std::string weight = "net.stem.convolution.weight";
  CHECK_THAT(spoiled([&](auto& net) { net.named_parameters()[weight][1][0][0][0] = INFINITY; }),
             Contains("no state of epoch 2, step 0 is written") &&
                 Contains("the parameter '" + weight + "'"));
  CHECK_THAT(spoiled([&](auto& net) { net.named_buffers()["net.stem.norm.running_var"][2] = NAN; }),
             Contains("the buffer 'net.stem.norm.running_var'"));
  // The optimizer's state, by a step that PathStep does not see.
  std::filesystem::remove(file.path);
  auto net = network<ic::none>();
  auto optimizer = ic::Sgd{}(*net);
  const at::Tensor parameter = net->named_parameters()[weight];
  parameter.mutable_grad() = at::ones_like(parameter);
  optimizer.step();
  auto& state = *optimizer.state().at(parameter.unsafeGetTensorImpl());
  static_cast<torch::optim::SGDParamState&>(state).momentum_buffer()[0][0][0][0] = NAN;
  CHECK_THAT(message_of([&] { ic::detail::training_file(file.path, net, optimizer, {}); }),
             Contains("the optimizer's 'momentum_buffer' of the parameter '" + weight + "'"));
}
