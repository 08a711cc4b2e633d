// Steps that are not finite: they change nothing, and stop the training or are skipped.

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <torch/nn.h>
#include <torch/optim.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/data/any_batch_source.hpp"
#include "interchoice/nn/detail/generators.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/detail/all_finite.hpp"
#include "interchoice/training/detail/optimizer_state.hpp"
#include "interchoice/training/path_step.hpp"
#include "interchoice/training/train.hpp"
#include "support/catch.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

const ic::Sampler<ic::Uniform<Space>> kUniform(ic::Uniform(ic::all<Space>), ic::Seed{4});

/// Draws from libtorch's generator in every step, and has a mask of infinities and a buffer that a
/// step can spoil.
template <class Policy>
struct Dropping : torch::nn::Module {
  using Space = ic::testing::Space;
  at::Tensor forward(const at::Tensor& x, const Path& path) {
    if (spoils) seen[1] = INFINITY;
    seen[0] += 1;
    return net->forward(at::dropout(x, 0.3, is_training()), path);
  }
  Net<Policy> net = register_module("net", Net<Policy>(kTiny));
  at::Tensor mask = register_buffer("mask", at::full({4, 4}, -INFINITY).triu(1));
  at::Tensor constants = register_buffer("constants", at::ones({1, 3}).expand({5, 3}));
  at::Tensor seen = register_buffer("seen", at::zeros({2}));
  bool spoils = false;
};

template <class Policy>
std::shared_ptr<Dropping<Policy>> network() {
  at::manual_seed(1);
  return std::make_shared<Dropping<Policy>>();
}

/// All that a step may change.
State everything(const torch::nn::Module& network, torch::optim::Optimizer& optimizer) {
  State all = state_of(network);
  for (const auto& p : network.named_parameters()) {
    for (const auto& [name, tensor] : ic::detail::state_tensors(optimizer, p.value())) {
      all[p.key() + "." + name] = tensor.clone();
    }
    if (p.value().grad().defined()) all[p.key() + ".gradient"] = at::zeros({});
  }
  for (const auto& [name, generator] : ic::detail::generators(at::kCPU)) {
    all["generator." + name] = ic::detail::state_of(generator);
  }
  return all;
}

enum class Fault { kBatch, kGradient, kGradientOfHead, kBuffer, kThrown };

/// The loss of a path, with a fault in one of the paths.
template <class Module>
auto faulty(const std::shared_ptr<Module>& net, const ic::Batch& batch, Fault fault,
            std::size_t bad) {
  return [=](const Path& path, std::size_t index) -> at::Tensor {
    const bool is_bad = index == bad;
    at::Tensor x = batch.data;
    if (is_bad && fault == Fault::kBatch) {
      x = x.clone();
      x.view(-1)[5] = NAN;
    }
    net->spoils = is_bad && fault == Fault::kBuffer;
    const at::Tensor logits = net->forward(x, path);
    net->spoils = false;
    const at::Tensor loss = at::cross_entropy_loss(logits, batch.target);
    if (!is_bad) return loss;
    // The root of zero: zero with an infinite slope.
    if (fault == Fault::kGradient) return loss + (logits - logits.detach()).sqrt().sum();
    if (fault == Fault::kGradientOfHead) {
      const at::Tensor w = net->named_parameters()["net.head.linear.weight"];
      return loss + (w - w.detach()).sqrt().sum();
    }
    if (fault == Fault::kThrown) throw std::runtime_error("no loss");
    return loss;
  };
}

}  // namespace

TEST_CASE("an exponent of ones is found wherever it is") {
  const auto check = [](at::ScalarType type) {
    for (const std::int64_t count : {1, 2, 7, 16, 33, 70}) {
      at::Tensor values = at::empty({count}, type);
      const auto finite = [&] {
        return ic::detail::all_finite(type, values.const_data_ptr(), count);
      };
      const double largest = type == at::kHalf ? 65504 : 3e38;
      for (const double filling : {0.0, -0.0, 1e-30, largest, -largest}) {
        values.fill_(filling);
        CHECK(finite());
        CHECK(ic::detail::all_finite(values));
      }
      for (std::int64_t i = 0; i < count; ++i) {
        for (const double bad : {double{INFINITY}, -double{INFINITY}, std::nan("")}) {
          values.fill_(1);
          values[i] = bad;
          CHECK_FALSE(finite());
          CHECK_FALSE(ic::detail::all_finite(values.unsqueeze(0).expand({2, count})));
        }
      }
    }
  };
  for (const auto type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16}) {
    INFO(c10::toString(type));
    check(type);
  }
  CHECK(ic::detail::all_finite(at::tensor({1, 2})));
}

TEMPLATE_TEST_CASE("a step that is not finite changes no byte", "", ic::none, ic::bias<1>,
                   ic::affine<1>, ic::split<ic::on_demand>) {
  const auto fault = GENERATE(Fault::kBatch, Fault::kGradient, Fault::kGradientOfHead,
                              Fault::kBuffer, Fault::kThrown);
  const bool is_adam = GENERATE(false, true);
  const bool freezes = GENERATE(false, true);
  const bool on_device = GENERATE(false, true);
  const auto policy =
      (is_adam != freezes) != on_device ? ic::NonFinite::kStop : ic::NonFinite::kSkip;
  INFO("on the device " << on_device << ", fault " << static_cast<int>(fault) << ", Adam "
                        << is_adam << ", frozen " << freezes << ", skip "
                        << (policy == ic::NonFinite::kSkip));
  const ic::OptimizerMaker maker =
      is_adam ? ic::OptimizerMaker(ic::AdamW{}) : ic::OptimizerMaker(ic::Sgd{.weight_decay = 0.1});
  const ic::Batch batch = batches(ic::first_images(digits(), 16), 16, 3).evaluation(0);
  const Path narrow{3, 1, 1, 1, 1, 3};  // most parameters are never reached
  const Path other{2, 2, 2, 2, 2, 2};
  // Three steps; between the second and the third one that is not finite.
  const auto trained = [&](bool is_struck) {
    auto net = network<TestType>();
    const auto optimizer = maker(*net);
    ic::PathStep step(
        net, *optimizer,
        {.unsampled = freezes ? ic::UnsampledWeights::kFreeze : ic::UnsampledWeights::kMove,
         .non_finite = policy,
         .on_device = on_device});
    const auto good = [&](const Path& path) {
      return at::cross_entropy_loss(net->forward(batch.data, path), batch.target);
    };
    const auto only = [&](const Path& path) {
      return [path](std::uint64_t, std::uint64_t) { return path; };
    };
    step.begin(0);
    step(only(narrow), good);
    if constexpr (std::is_same_v<TestType, ic::split<ic::on_demand>>) step.split();
    step(only(narrow), good);
    if (is_struck) {
      const State before = everything(*net, *optimizer);
      const auto loss = faulty(net, batch, fault, 0);
      std::string message;
      ic::StepRecord<Path> record;
      message = message_of([&] { record = step(only(other), loss); });
      CHECK(differing(before, everything(*net, *optimizer)) == std::vector<std::string>{});
      for (const auto& p : net->parameters()) {
        if (p.grad().defined()) CHECK(p.grad().count_nonzero().template item<std::int64_t>() == 0);
      }
      const std::string text = fault == Fault::kBatch      ? "the loss is nan"
                               : fault == Fault::kGradient ? "the gradient of 'net."
                               : fault == Fault::kBuffer   ? "the buffer 'seen' would not be"
                               : fault == Fault::kThrown   ? "no loss"
                                                           : "'net.head.linear.weight' is not";
      if (policy == ic::NonFinite::kStop || fault == Fault::kThrown) {
        CHECK_THAT(message, Contains(text));
        if (fault != Fault::kThrown) {
          CHECK_THAT(message, Contains("epoch 0, step 2") && Contains(ic::to_text(other)));
        }
      } else {
        CHECK(message == "");
        CHECK(record.skipped);
        CHECK_THAT(record.fault, Contains(text));
        CHECK(record.losses.size() == 1);
      }
    }
    const auto record = step(only(narrow), good);
    CHECK_FALSE(record.skipped);
    CHECK(record.fault == "");
    return everything(*net, *optimizer);
  };
  CHECK(differing(trained(false), trained(true)) == std::vector<std::string>{});
}

TEST_CASE("the fault of any path undoes all of them") {
  const auto bad = GENERATE(0, 2, 3);
  const auto fault = GENERATE(Fault::kBatch, Fault::kGradientOfHead, Fault::kBuffer);
  const ic::Sampler fair(ic::StrictFair(ic::no_zero<Space>), ic::Seed{5});
  const ic::Batch batch = batches(ic::first_images(digits(), 16), 16, 3).evaluation(0);
  auto net = network<ic::bias<1>>();
  auto optimizer = ic::Sgd{}(*net);
  ic::PathStep step(net, optimizer,
                    {.non_finite = ic::NonFinite::kSkip, .on_device = GENERATE(false, true)});
  step.begin(0);
  step(fair, faulty(net, batch, fault, 99));
  const State before = everything(*net, optimizer);
  const auto record = step(fair, faulty(net, batch, fault, static_cast<std::size_t>(bad)));
  CHECK(record.skipped);
  CHECK(record.paths == fair(0, 1));
  REQUIRE(record.losses.size() == 4);
  CHECK(std::isfinite(record.losses[static_cast<std::size_t>(bad)]) == (fault != Fault::kBatch));
  CHECK(differing(before, everything(*net, optimizer)) == std::vector<std::string>{});
  CHECK(step(fair, faulty(net, batch, fault, 99)).paths == fair(0, 2));  // sampling goes on
}

TEST_CASE("the gradients that count are those of what the optimizer trains") {
  const ic::Batch batch = batches(ic::first_images(digits(), 16), 16, 3).evaluation(0);
  auto net = network<ic::none>();
  at::Tensor scale = at::ones({3}).requires_grad_();  // the optimizer's, not the network's
  std::vector<at::Tensor> trained{scale};
  for (const auto& p : net->named_parameters()) {
    if (p.key() != "net.head.linear.weight") trained.push_back(p.value());
  }
  torch::optim::SGD optimizer(trained, torch::optim::SGDOptions(0.1));
  ic::PathStep step(net, optimizer);
  step.begin(0);
  step(kUniform, faulty(net, batch, Fault::kGradientOfHead, 0));
  const State before = everything(*net, optimizer);
  CHECK_THAT(message_of([&] {
               step(kUniform, [&](const Path& path) {
                 return at::cross_entropy_loss(net->forward(batch.data, path), batch.target) +
                        (scale - 1).sqrt().sum();
               });
             }),
             Contains("the gradient of a parameter that is not the network's is not finite"));
  CHECK(differing(before, everything(*net, optimizer)) == std::vector<std::string>{});
  CHECK_FALSE(scale.grad().defined());
  CHECK(at::equal(scale, at::ones({3})));
}

TEST_CASE("large, double, and sparse gradients are read to their end") {
  const std::int64_t threads = at::get_num_threads();
  at::set_num_threads(2);
  const auto path = [](std::uint64_t, std::uint64_t) { return Path{}; };
  for (const auto type : {at::kFloat, at::kDouble}) {
    torch::nn::Linear net(1031, 517);
    net->to(type);
    torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.1));
    ic::PathStep step(net, optimizer);
    step.begin(0);
    CHECK_NOTHROW(step(path, [&](const Path&) { return net->weight.sum(); }));
    const at::Tensor before = net->weight.detach().clone();
    const auto root = [&](const Path&) {
      const at::Tensor last = net->weight.view(-1)[-1];
      return net->weight.sum() + (last - last.detach()).sqrt();
    };
    CHECK_THAT(message_of([&] { step(path, root); }), Contains("the gradient of 'weight'"));
    CHECK(same_bits(before, net->weight));
  }
  at::set_num_threads(static_cast<int>(threads));

  torch::nn::Embedding table(torch::nn::EmbeddingOptions(7, 3).sparse(true));
  torch::optim::SGD optimizer(table->parameters(), torch::optim::SGDOptions(0.1));
  ic::PathStep step(table, optimizer, {.unsampled = ic::UnsampledWeights::kFreeze});
  step.begin(0);
  CHECK_NOTHROW(step(path, [&](const Path&) { return table(at::tensor({1, 2})).sum(); }));
  const at::Tensor before = table->weight.detach().clone();
  CHECK_THAT(message_of([&] {
               step(path, [&](const Path&) {
                 const at::Tensor rows = table(at::tensor({1, 2}));
                 return (rows - rows.detach()).sqrt().sum();
               });
             }),
             Contains("the gradient of 'weight'"));
  CHECK(same_bits(before, table->weight));
}

namespace {

/// Batches of which some have an image that is not a number.
struct Spoiled {
  ic::AnyBatchSource source;
  std::function<bool(std::uint64_t epoch, std::size_t index)> is_bad;

  std::int64_t size() const { return source.size(); }
  std::int64_t example_count() const { return source.example_count(); }
  ic::Batch evaluation(std::int64_t index) const { return source.evaluation(index); }
  ic::Batch calibration(std::int64_t index) const { return source.calibration(index); }
  std::vector<ic::Batch> epoch(std::uint64_t number) const {
    std::vector<ic::Batch> all;
    for (ic::Batch batch : source.epoch(number)) {
      if (is_bad(number, all.size())) batch.data = at::full_like(batch.data, NAN);
      all.push_back(batch);
    }
    return all;
  }
};

}  // namespace

TEST_CASE("a training skips what is not finite, counts it, and leaves it out of its sums") {
  const ic::Batches data = batches(ic::first_images(digits(), 64), 16, 3);
  const auto bad = [](std::uint64_t epoch, std::size_t index) {
    return epoch == 1 && (index == 0 || index == 2);
  };
  ic::Training training{
      .epochs = 3, .learning_rate = ic::constant(0.05), .non_finite = ic::NonFinite::kSkip};
  auto net = make_net<ic::bias<1>>(1);
  std::vector<std::string> texts;
  const auto record =
      ic::train(net, Spoiled{data, bad}, kUniform, training,
                [&](const ic::Progress& progress) { texts.push_back(progress.state); });
  REQUIRE(record.epochs.size() == 3);
  CHECK(record.epochs[0].skipped == 0);
  CHECK(record.epochs[1].skipped == 2);
  CHECK(record.epochs[2].skipped == 0);
  CHECK(record.position == ic::TrainingPosition{3, 0});
  CHECK(texts[4] == "epoch 2/3, 1 skipped");
  CHECK_THAT(texts[7], Contains("epoch 2/3, loss") && Contains("%, 2 skipped"));

  // The same by hand.
  auto second = make_net<ic::bias<1>>(1);
  auto optimizer = ic::Sgd{}(*second);
  ic::set_learning_rate(optimizer, 0.05);
  ic::PathStep step(second, optimizer);
  for (std::size_t epoch = 0; epoch < 3; ++epoch) {
    double loss = 0;
    double correct = 0;
    double images = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      if (bad(epoch, i)) continue;
      if (epoch == 1) {
        step = ic::PathStep(second, optimizer);
        step.begin({epoch, i});
      } else if (i == 0) {
        step.begin(epoch);
      }
      const ic::Batch batch = data.epoch(epoch)[static_cast<std::int64_t>(i)];
      at::Tensor logits;
      const auto done = step(kUniform, [&](const Path& path) {
        logits = second->forward(batch.data, path);
        return at::cross_entropy_loss(logits, batch.target);
      });
      CHECK(done.paths[0] == kUniform(epoch, i));
      loss += done.loss() * 16;
      correct += logits.argmax(1).eq(batch.target).sum().item<double>();
      images += 16;
    }
    CHECK(record.epochs[epoch].loss == Approx(loss / images).epsilon(1e-6));
    CHECK(record.epochs[epoch].accuracy.value() == Approx(correct / images).epsilon(1e-12));
  }
  // Each new PathStep applied what the one before had put off, so that it was rounded elsewhere.
  const State expected = state_of(*second);
  for (const auto& [name, tensor] : state_of(*net)) {
    INFO(name);
    CHECK(at::allclose(tensor, expected.at(name), 1e-5, 1e-6));
  }

  // An epoch of nothing else is no training.
  auto third = make_net<ic::bias<1>>(1);
  const Spoiled all{data, [](std::uint64_t epoch, std::size_t) { return epoch == 1; }};
  CHECK_THAT(
      message_of([&] { ic::train(third, all, kUniform, training); }),
      Contains("every step of epoch 1 was skipped, at the last one because the loss is nan"));
  training.non_finite = ic::NonFinite::kStop;
  CHECK_THAT(message_of([&] { ic::train(third, all, kUniform, training); }),
             Contains("the loss is nan in epoch 1, step 0,"));
}

namespace {

/// Calls of the operators by which a host reads a device, and so waits for it.
class CountedReads {
 public:
  CountedReads() {
    reads = 0;
    handle_ = at::addGlobalCallback(
        at::RecordFunctionCallback([](const at::RecordFunction& function)
                                       -> std::unique_ptr<at::ObserverContext> {
          const std::string_view name = function.name();
          for (const char* reading : {"aten::_local_scalar_dense", "aten::item", "aten::equal",
                                      "aten::nonzero", "aten::is_nonzero"}) {
            if (name == reading) ++reads;
          }
          return nullptr;
        }).scopes({at::RecordScope::FUNCTION}));
  }
  ~CountedReads() { at::removeCallback(handle_); }
  CountedReads(const CountedReads&) = delete;
  CountedReads& operator=(const CountedReads&) = delete;

  static inline std::atomic<int> reads = 0;

 private:
  at::CallbackHandle handle_;
};

}  // namespace

TEMPLATE_TEST_CASE("when steps are read does not change a bit", "", ic::none, ic::bias<1>,
                   ic::scale<1>, ic::split<1>) {
  const ic::Batches data = batches(ic::first_images(digits(), 28), 4, 3);
  const bool freezes = GENERATE(false, true);
  const bool is_adam = GENERATE(false, true);
  const bool is_fair = !is_adam && GENERATE(false, true);
  INFO("frozen " << freezes << ", Adam " << is_adam << ", fair " << is_fair);
  const auto bad = [](std::uint64_t epoch, std::size_t index) {
    return (epoch == 0 && index >= 5) || (epoch == 1 && (index == 0 || index == 3 || index == 4));
  };
  const ic::OptimizerMaker maker =
      is_adam ? ic::OptimizerMaker(ic::AdamW{}) : ic::OptimizerMaker(ic::Sgd{.weight_decay = 0.1});
  const auto trained = [&](std::size_t read_every, const auto& sample) {
    auto net = network<TestType>();
    ic::TrainingRun run(
        net, Spoiled{data, bad}, sample,
        {.epochs = 3,
         .optimizer = maker,
         .learning_rate = ic::constant(0.02),
         .unsampled = freezes ? ic::UnsampledWeights::kFreeze : ic::UnsampledWeights::kMove,
         .read_every = read_every,
         .non_finite = ic::NonFinite::kSkip});
    while (!run.is_over()) run.run_epoch();
    State all = everything(*net, run.optimizer());
    for (const ic::EpochRecord& epoch : run.record().epochs) {
      all[std::to_string(epoch.epoch) + ".record"] =
          at::tensor({epoch.loss, epoch.accuracy.value_or(-1), double(epoch.skipped)});
    }
    CHECK(run.record().epochs[0].skipped == 2);
    return all;
  };
  const auto compare = [&](const auto& sample) {
    const State expected = trained(1, sample);
    for (const std::size_t read_every : {3, 9}) {
      INFO("read every " << read_every);
      CHECK(differing(expected, trained(read_every, sample)) == std::vector<std::string>{});
    }
  };
  if (is_fair) {
    compare(ic::Sampler(ic::StrictFair(ic::no_zero<Space>), ic::Seed{5}));
  } else {
    compare(kUniform);
  }
}

TEST_CASE("a step that stops a training undoes those that were enqueued after it") {
  const ic::Batch batch = batches(ic::first_images(digits(), 16), 16, 3).evaluation(0);
  const auto bad = GENERATE(0, 4);
  const std::size_t undo_limit = GENERATE(0, 1 << 30);
  INFO("bad step " << bad << ", undo limit " << undo_limit);
  const auto trained = [&](bool on_device, int count) {
    auto net = network<ic::bias<1>>();
    auto optimizer = ic::Sgd{.weight_decay = 0.1}(*net);
    ic::PathStep step(net, optimizer, {.on_device = on_device, .undo_limit = undo_limit});
    step.begin(0);
    for (int i = 0; i < count; ++i) {
      step.enqueue(kUniform, faulty(net, batch, Fault::kGradient, i == bad ? 0 : 99));
    }
    std::vector<double> losses;
    const std::string message = message_of([&] {
      step.read([&](const ic::StepOutcome& outcome) { losses.push_back(outcome.loss()); });
    });
    CHECK(losses.size() == static_cast<std::size_t>(bad));
    const bool is_named = !on_device || count == bad + 1;
    CHECK_THAT(message, Contains(is_named ? "the gradient of 'net." : "is not finite") &&
                            Contains("step " + std::to_string(bad)) &&
                            Contains(ic::to_text(kUniform(0, static_cast<std::uint64_t>(bad)))));
    State all = everything(*net, optimizer);
    all["losses"] = at::tensor(losses);
    // It can be done again.
    step.enqueue(kUniform, faulty(net, batch, Fault::kGradient, 99));
    step.read([&](const ic::StepOutcome& outcome) { CHECK_FALSE(outcome.skipped); });
    for (const auto& [name, tensor] : everything(*net, optimizer)) all["after." + name] = tensor;
    return all;
  };
  const State expected = trained(false, bad + 1);
  for (const int after : {0, 3}) {
    CHECK(differing(expected, trained(true, bad + 1 + after)) == std::vector<std::string>{});
    CHECK(differing(expected, trained(false, bad + 1 + after)) == std::vector<std::string>{});
  }
}

TEMPLATE_TEST_CASE("steps that are enqueued do not wait for the device", "", ic::none, ic::bias<1>,
                   ic::scale<1>, ic::attention<1>, ic::split<0>) {
  const ic::Batches data = batches(ic::first_images(digits(), 64), 8, 3);
  auto net = make_net<TestType>(1);
  int in_between = 0;
  {
    ic::TrainingRun run(net, data, kUniform, {.epochs = 2, .read_every = 4});
    const CountedReads counted;
    while (!run.is_over()) {
      const int before = CountedReads::reads;
      run.run_step();
      const bool is_read = run.record().position == run.position();
      CHECK((CountedReads::reads > before) == is_read);
      in_between += is_read ? 0 : 1;
    }
  }
  CHECK(in_between == 12);
}

TEST_CASE("what enqueued steps did is asked for before anything else") {
  const ic::Batch batch = batches(ic::first_images(digits(), 16), 16, 3).evaluation(0);
  const bool on_device = GENERATE(false, true);
  auto net = network<ic::split<ic::on_demand>>();
  auto optimizer = ic::Sgd{}(*net);
  ic::PathStep step(net, optimizer, {.on_device = on_device});
  const auto loss = faulty(net, batch, Fault::kGradient, 99);
  step.begin(0);
  step.enqueue(kUniform, loss);
  CHECK(step.enqueue(kUniform, loss)[0] == kUniform(0, 1));
  const auto text = Contains("while 2 steps that were enqueued are not read; call PathStep::read");
  CHECK_THAT(message_of([&] { step(kUniform, loss); }), text);
  CHECK_THAT(message_of([&] { step.begin(1); }), text);
  CHECK_THAT(message_of([&] { step.split(); }), text);
  CHECK_THAT(message_of([&] { step.settle(); }), text);
  CHECK_THAT(message_of([&] { step.owed(); }), text);
  int count = 0;
  step.read([&](const ic::StepOutcome&) { ++count; });
  CHECK(count == 2);
  CHECK_NOTHROW(step.split());
  CHECK(step(kUniform, loss).paths[0] == kUniform(0, 2));
  CHECK_THAT(message_of([&] {
               ic::train(net->net, batches(ic::first_images(digits(), 16), 16, 3), kUniform,
                         {.epochs = 1, .read_every = 0});
             }),
             Contains("read_every is 0; take at least 1"));
}

TEST_CASE("a learning rate that is no number is refused") {
  auto net = make_net<ic::bias<1>>(1);
  const State before = state_of(*net);
  CHECK_THAT(message_of([&] {
               ic::train(net, batches(ic::first_images(digits(), 32), 16, 3), kUniform,
                         {.epochs = 1, .learning_rate = ic::constant(NAN)});
             }),
             Contains("the learning rate of epoch 0 is nan"));
  CHECK(differing(before, state_of(*net)).empty());
}

TEST_CASE("learning rates that do not depend on the number of epochs") {
  const ic::LearningRate steps = ic::StepDecay{.initial = 0.2, .factor = 0.5, .period = 3};
  for (const std::size_t epochs : {7, 20}) {
    CHECK(ic::constant(0.3)(5, epochs) == 0.3);
    CHECK(steps(0, epochs) == 0.2);
    CHECK(steps(2, epochs) == 0.2);
    CHECK(steps(3, epochs) == 0.1);
    CHECK(steps(6, epochs) == 0.05);
  }
  CHECK_THAT(message_of([] { ic::StepDecay{.period = 0}(0, 1); }), Contains("period of 0"));
}
