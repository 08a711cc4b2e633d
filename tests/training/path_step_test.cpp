// Loops of one's own: the same bits as `train`, with any optimizer and loss, and nothing that can
// be forgotten in silence.

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <torch/nn.h>
#include <torch/optim.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/data/batches_of.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/nn/capture/captured_candidates.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/spaces/chain.hpp"
#include "interchoice/training/detail/optimizer_state.hpp"
#include "interchoice/training/path_step.hpp"
#include "interchoice/training/train.hpp"
#include "nn/capture/host_recorder.hpp"
#include "support/catch.hpp"
#include "support/readme_candidates.hpp"
#include "training/digits_supernet.hpp"
#include "training/optimizer_makers.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

constexpr std::size_t kEpochs = 4;
const ic::Sampler<ic::Uniform<Space>> kUniform(ic::Uniform(ic::all<Space>), ic::Seed{4});

ic::Batches data_of(std::int64_t images = 48) {
  return batches(ic::first_images(digits(), images), 16, 3);
}

/// The network of the README's program (docs/snippets/readme.cpp).
using ic::testing::ReluConvBn;
using ReadmeSpace = ic::Chain<6, ic::Candidates<ReluConvBn<3>, ReluConvBn<5>, ic::Skip>>;
using Body = ic::ChoiceBlocks<ReadmeSpace, ic::bias<1>>;
struct ReadmeNetImpl : torch::nn::Module {
  torch::nn::Conv2d stem =
      register_module("stem", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 16, 3).padding(1)));
  Body body = register_module("body", Body(ic::Geometry{.channels = 16}));
  torch::nn::Linear head = register_module("head", torch::nn::Linear(16, 10));
  at::Tensor forward(const at::Tensor& x, const ic::Architecture<ReadmeSpace>& path) {
    return head(at::relu(body->forward(stem(x), path)).mean({2, 3}));
  }
};
TORCH_MODULE(ReadmeNet);

/// An optimizer of a kind that the library does not know: gradient descent with a count of steps.
struct OwnState : torch::optim::OptimizerCloneableParamState<OwnState> {
  std::int64_t steps = 0;
};
struct OwnOptimizer : torch::optim::Optimizer {
  explicit OwnOptimizer(const torch::nn::Module& network)
      : Optimizer({torch::optim::OptimizerParamGroup(network.parameters())},
                  std::make_unique<torch::optim::SGDOptions>(0.1)) {}
  at::Tensor step(LossClosure = nullptr) override {
    const c10::NoGradGuard no_grad;
    for (auto& group : param_groups()) {
      for (at::Tensor& p : group.params()) {
        if (!p.grad().defined()) continue;
        p.sub_(group.options().get_lr() * p.grad());
        auto& state = this->state()[p.unsafeGetTensorImpl()];
        if (!state) state = std::make_unique<OwnState>();
        ++static_cast<OwnState&>(*state).steps;
      }
    }
    return {};
  }
};

}  // namespace

TEST_CASE("a loop of steps gives the bits of train, splits included") {
  const ic::Batches data = data_of();
  const auto rate = ic::cosine(0.1, 1e-3);
  SECTION("SGD") {
    auto trained = make_net<ic::split<2>>(1);
    ic::train(trained, data, kUniform, {.epochs = kEpochs, .learning_rate = rate});

    auto net = make_net<ic::split<2>>(1);
    auto optimizer = ic::Sgd{}(*net);
    ic::PathStep step(net, optimizer);
    for (std::size_t epoch = 0; epoch < kEpochs; ++epoch) {
      const auto added = step.begin(epoch);
      CHECK(added.size() == (epoch == 2 ? 88 : 0));
      ic::set_learning_rate(optimizer, rate(epoch, kEpochs));
      for (auto [x, y] : data.epoch(epoch)) {
        step(kUniform, [&, &x = x, &y = y](const auto& path) {
          return torch::nn::functional::cross_entropy(net->forward(x, path), y);
        });
      }
    }
    CHECK(differing(state_of(*trained), state_of(*net)) == std::vector<std::string>{});
  }
  SECTION("AdamW, weights off the path frozen") {
    auto trained = make_net<ic::split<1>>(1);
    ic::train(trained, data, kUniform,
              {.epochs = kEpochs,
               .optimizer =
                   [](const torch::nn::Module& m) { return torch::optim::AdamW(m.parameters()); },
               .learning_rate = ic::constant(1e-3),
               .unsampled = ic::UnsampledWeights::kFreeze});

    auto net = make_net<ic::split<1>>(1);
    torch::optim::AdamW optimizer(net->parameters(), 1e-3);
    ic::PathStep step(net, optimizer,
                      {.unsampled = ic::UnsampledWeights::kFreeze, .copies = ic::copied_momentum});
    for (std::size_t epoch = 0; epoch < kEpochs; ++epoch) {
      step.begin(epoch);
      for (auto [x, y] : data.epoch(epoch)) {
        step(kUniform, [&, &x = x, &y = y](const auto& path) {
          return at::cross_entropy_loss(net->forward(x, path), y);
        });
      }
    }
    CHECK(ic::is_split(*net));
    CHECK(optimizer.param_groups()[0].params().size() == net->parameters().size());
    CHECK(differing(state_of(*trained), state_of(*net)) == std::vector<std::string>{});
  }
  SECTION("the README's") {
    const auto maker = [](const torch::nn::Module& m) {
      return torch::optim::SGD(m.parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
    };
    const ic::Sampler sample{ic::Uniform{ic::all<ReadmeSpace>}, ic::Seed{0}};
    at::manual_seed(0);
    ReadmeNet trained;
    ic::train(trained, data, sample,
              {.epochs = kEpochs, .optimizer = maker, .learning_rate = ic::constant(0.1)});

    at::manual_seed(0);
    ReadmeNet net;
    torch::optim::SGD sgd = maker(*net);
    ic::PathStep step(net, sgd);
    for (std::size_t epoch = 0; epoch < kEpochs; ++epoch) {
      step.begin(epoch);
      for (auto [x, y] : data.epoch(epoch)) {
        step(sample, [&, &x = x, &y = y](const ic::Architecture<ReadmeSpace>& path) {
          return torch::nn::functional::cross_entropy(net(x, path), y);
        });
      }
    }
    CHECK(differing(state_of(*trained), state_of(*net)) == std::vector<std::string>{});
  }
}

TEST_CASE("copies go on as their source would, or without momentum, whichever the optimizer") {
  const ic::OptimizerMaker maker = GENERATE(from_range(optimizer_makers()));
  const bool fresh = GENERATE(false, true);
  INFO(maker.text() << (fresh ? ", fresh" : ", copied"));
  const ic::Batch batch = data_of().evaluation(0);
  const auto sample = [](std::uint64_t, std::uint64_t) { return Path{3, 3, 3, 3, 3, 3}; };
  const auto loss_after = [&](bool splits) {
    auto net = make_net<ic::split<ic::on_demand>>(1);
    const auto optimizer = maker(*net);
    ic::PathStep step(
        net, *optimizer,
        {.copies = fresh ? ic::CopyMomentum(ic::fresh_momentum) : ic::copied_momentum});
    const auto loss = [&](const Path& path) {
      return at::cross_entropy_loss(net->forward(batch.data, path), batch.target);
    };
    step.begin(0);
    step(sample, loss);
    step(sample, loss);
    for (const ic::NewParameter& copy : splits ? step.split() : ic::NewParameters()) {
      INFO(copy.name);
      const State source = ic::detail::state_tensors(*optimizer, copy.source);
      const State own = ic::detail::state_tensors(*optimizer, copy.parameter);
      const bool is_adagrad = maker.text() == "Adagrad";
      CHECK(source.empty() == (copy.name.find("3x3") == std::string::npos && !is_adagrad));
      if (fresh) {
        REQUIRE(own.size() == (is_adagrad ? 2 : 0));
        if (is_adagrad) CHECK(own.at("step").item<std::int64_t>() == 0);
        if (is_adagrad) CHECK(at::equal(own.at("sum"), at::full_like(copy.parameter, 0.1)));
        continue;
      }
      CHECK(differing(own, source) == std::vector<std::string>{});
      for (const auto& [name, tensor] : own) CHECK_FALSE(tensor.is_alias_of(source.at(name)));
    }
    step(sample, loss);
    return loss(sample(0, 0)).item<float>();
  };
  CHECK((loss_after(true) == loss_after(false)) == !fresh);
}

TEST_CASE("what is forgotten is said") {
  auto net = make_net<ic::split<1>>(1);
  auto optimizer = ic::Sgd{}(*net);
  const ic::Batch batch = data_of().evaluation(0);
  const auto loss = [&](const Path& path) {
    return at::cross_entropy_loss(net->forward(batch.data, path), batch.target);
  };
  ic::PathStep step(net, optimizer);
  const State before = state_of(*net);
  CHECK_THAT(message_of([&] { step(kUniform, loss); }), Contains("a step before PathStep::begin"));
  step.begin(0);
  CHECK_THAT(message_of([&] { step.begin(0); }), Contains("begin(0) after begin(0)"));
  CHECK_THAT(message_of([&] { step(kUniform, [&](const Path&) { return batch.data; }); }),
             Contains("the loss of a path is") && Contains("[16, 1, 8, 8]"));
  CHECK_THAT(message_of([&] { step(kUniform, [](const Path&) { return at::zeros({}); }); }),
             Contains("without a gradient"));
  CHECK(differing(before, state_of(*net)).empty());
  // A split that the optimizer would not hear of.
  ic::begin_epoch(*net, 1);
  CHECK_THAT(message_of([&] { step.begin(1); }),
             Contains("the network has") && Contains("called by PathStep"));

  // An optimizer whose state is unknown: no silent sharing, and a way out.
  auto other = make_net<ic::split<1>>(1);
  const auto own_loss = [&](const Path& path) {
    return at::cross_entropy_loss(other->forward(batch.data, path), batch.target);
  };
  OwnOptimizer own(*other);
  ic::PathStep copied(other, own);
  copied.begin(0);
  copied(kUniform, own_loss);
  CHECK_THAT(message_of([&] { copied.begin(1); }), Contains("use fresh_momentum"));
  CHECK_THAT(message_of([&] { copied(kUniform, own_loss); }), Contains("or after one that failed"));
  CHECK_THAT(message_of([&] { copied.begin(1); }), Contains("the network has"));
  auto third = make_net<ic::split<1>>(1);
  const ic::Training training{
      .epochs = 3,
      .optimizer = [](const torch::nn::Module& m) { return OwnOptimizer(m); },
      .copies = ic::fresh_momentum};
  CHECK(ic::train(third, data_of(), kUniform, training).epochs.size() == 3);
  CHECK(ic::is_split(*third));
}

TEST_CASE("an optimizer that cannot train the network is refused") {
  auto net = make_net<ic::split<1>>(1);
  auto before = ic::Sgd{}(*net);
  torch::optim::SGD head(std::vector<at::Tensor>{net->named_parameters()["head.linear.weight"]},
                         torch::optim::SGDOptions(0.1));
  CHECK_NOTHROW(ic::PathStep(net, before));
  ic::split_now(*net);  // as `load` does
  CHECK_THAT(message_of([&] { ic::PathStep(net, before); }),
             Contains("but not copy 1 of it") &&
                 Contains("make the optimizer after the network is loaded or split"));
  CHECK_NOTHROW(ic::PathStep(net, head));  // trains none of the sources either
  auto after = ic::Sgd{}(*net);
  CHECK_NOTHROW(ic::PathStep(net, after));
  torch::optim::LBFGS lbfgs(net->parameters());
  CHECK_THAT(message_of([&] { ic::PathStep(net, lbfgs); }), Contains("PathStep with LBFGS"));
}

TEST_CASE("a step returns its paths and losses; several paths may see batches of their own") {
  auto net = make_net<ic::none>(1);
  auto optimizer = ic::Sgd{}(*net);
  ic::set_learning_rate(optimizer, 0.1);
  const ic::Sampler fair(ic::StrictFair(ic::no_zero<Space>), ic::Seed{5});
  const auto epoch = data_of(64).epoch(0);
  ic::PathStep step(net, optimizer);
  step.begin(0);
  std::vector<double> losses;
  const auto record = step(fair, [&](const Path& path, std::size_t index) {
    const ic::Batch batch = epoch[static_cast<std::int64_t>(index)];
    const at::Tensor loss = at::cross_entropy_loss(net->forward(batch.data, path), batch.target);
    losses.push_back(loss.item<double>());
    return loss;
  });
  CHECK(record.paths == fair(0, 0));
  CHECK(record.losses == losses);
  CHECK(record.loss() == Approx((losses[0] + losses[1] + losses[2] + losses[3]) / 4));
  for (std::uint64_t i = 1; i < 3; ++i) {
    CHECK(step(fair, [&](const Path& path) {
            return at::cross_entropy_loss(net->forward(epoch[0].data, path), epoch[0].target);
          }).paths == fair(0, i));
  }

  auto successive = make_net<ic::none>(1);
  const auto trained = ic::train(successive, data_of(64), fair,
                                 {.epochs = 1,
                                  .learning_rate = ic::constant(0.1),
                                  .path_batches = ic::PathBatches::kSuccessive});
  CHECK(trained.epochs[0].loss == Approx(record.loss()).epsilon(1e-12));
}

namespace {

/// The mean squared distance to a teacher's logits.
struct Distillation {
  Net<ic::none> teacher;
  at::Tensor operator()(const at::Tensor& logits, const at::Tensor&, const at::Tensor& data) const {
    at::Tensor wanted;
    {
      const c10::NoGradGuard no_grad;
      wanted = Net<ic::none>(teacher)->forward(data, Path{3, 3, 3, 3, 3, 3});
    }
    return at::mse_loss(logits, wanted);
  }
  std::string text() const { return "distillation"; }
};

/// Tokens: a network without an image, whose targets are no classes.
struct TokenNetImpl : torch::nn::Module {
  torch::nn::Embedding embedding = register_module("embedding", torch::nn::Embedding(10, 4));
  torch::nn::Linear one = register_module("one", torch::nn::Linear(4, 4));
  at::Tensor forward(const at::Tensor& tokens, const Path& path) {
    const at::Tensor x = embedding(tokens);  // [B, T, 4]
    return path[0] == 0 ? x : one(x);
  }
};
TORCH_MODULE(TokenNet);
struct TokenExamples {
  std::int64_t size() const { return 9; }
  ic::Batch operator()(std::span<const std::int64_t> indices) const {
    const at::Tensor numbers =
        at::tensor(at::ArrayRef<std::int64_t>(indices.data(), indices.size()));
    return {numbers.unsqueeze(1).expand({-1, 5}),
            numbers.to(at::kFloat).view({-1, 1, 1}).expand({-1, 5, 4})};
  }
};

}  // namespace

TEST_CASE("the parts of a training are the user's own") {
  const ic::Batches data = data_of();
  SECTION("a loss that asks a teacher") {
    auto net = make_net<ic::bias<1>>(2);
    auto teacher = make_net<ic::none>(7);
    ic::Training training{
        .epochs = 6, .loss = Distillation{teacher}, .learning_rate = ic::constant(0.05)};
    CHECK(training.loss.text() == "distillation");
    const auto record = ic::train(net, data, kUniform, training);
    CHECK(record.epochs[5].loss < record.epochs[0].loss);
    // The same in braces, and as a lambda.
    auto again = make_net<ic::bias<1>>(2);
    auto teacher_again = make_net<ic::none>(7);
    ic::train(again, data, kUniform,
              {.epochs = 6,
               .loss = [loss = Distillation{teacher_again}](
                           const at::Tensor& logits, const at::Tensor& target,
                           const at::Tensor& x) { return loss(logits, target, x); },
               .learning_rate = ic::constant(0.05)});
    CHECK(differing(state_of(*net), state_of(*again)) == std::vector<std::string>{});
  }
  SECTION("tensors of any shape, targets that are no classes") {
    at::manual_seed(1);
    TokenNet net;
    const ic::BatchesOf tokens(TokenExamples{}, 4, ic::Seed{1});
    const auto record =
        ic::train(net, tokens, kUniform,
                  {.epochs = 3,
                   .loss = [](const at::Tensor& y,
                              const at::Tensor& target) { return at::mse_loss(y, target); },
                   .learning_rate = ic::constant(0.01)});
    CHECK_FALSE(record.epochs[2].accuracy.has_value());
    CHECK(record.epochs[2].loss < record.epochs[0].loss);
  }
}

TEST_CASE("a run that is over trains no further epoch") {
  auto net = make_net<ic::bias<1>>(1);
  const auto last = [&](ic::Training training) {
    ic::TrainingRun run(net, data_of(), kUniform, std::move(training));
    run.run_epoch();
    CHECK(run.is_over());
    const State before = state_of(*net);
    const std::string message = message_of([&] { run.run_epoch(); });
    CHECK(differing(before, state_of(*net)).empty());
    CHECK(run.record().epochs.size() == 1);
    return message;
  };
  CHECK_THAT(last({.epochs = 1}), Contains("after the end of the training, 1 of 1 epochs"));
  CHECK_THAT(last({.epochs = 2, .stop = [] { return true; }}), Contains("1 of 2 epochs"));
}

TEST_CASE("a run keeps what it is made of, temporaries included") {
  const auto trained = [&] {
    auto net = make_net<ic::bias<1>>(1);
    ic::train(net, data_of(), kUniform, {.epochs = 2});
    return state_of(*net);
  };
  std::optional<ic::TrainingRun<Net<ic::bias<1>>, ic::Sampler<ic::Uniform<Space>>>> run;
  std::shared_ptr<torch::nn::Module> module;
  {
    auto net = make_net<ic::bias<1>>(1);
    module = net.ptr();
    run.emplace(net, data_of(), ic::Sampler(ic::Uniform(ic::all<Space>), ic::Seed{4}),
                ic::Training{.epochs = 2});
  }
  auto moved = std::move(*run);
  run.reset();
  while (!moved.is_over()) moved.run_epoch();
  CHECK(differing(trained(), state_of(*module)) == std::vector<std::string>{});
}

TEST_CASE("train and rank run with captured candidates as they are") {
  at::set_num_threads(1);
  const ic::Batches data = batches(ic::first_images(digits(), 48), 8, 3);
  const ic::Sampler sample(ic::Uniform{ic::no_zero<Space>}, ic::Seed{3});
  const auto trained = [&](const std::shared_ptr<HostRecorder>& recorder) {
    auto net = make_net<ic::bias<1>>(1);
    std::optional<ic::CapturedCandidates> captured;
    if (recorder) captured.emplace(net, recorder);
    ic::train(net, data, sample, {.epochs = 3, .read_every = 4});
    const std::vector paths{sample(7, 0), sample(7, 1), sample(7, 2)};
    const auto ranking = ic::rank(net, {.calibration = data, .validation = data}, paths,
                                  {.recalibration = ic::Recalibration::paper(2)});
    State all = state_of(*net);
    all["predictions"] = at::tensor(ranking.predictions);
    return all;
  };
  const auto recorder = std::make_shared<HostRecorder>();
  CHECK(differing(trained(nullptr), trained(recorder)) == std::vector<std::string>{});
  CHECK(recorder->replays > 100);
}
