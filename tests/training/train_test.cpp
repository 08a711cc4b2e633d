// The training loop and its parts, each by its defining property.

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <set>
#include <string>
#include <vector>

#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/sampling/fixed.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/interrupt.hpp"
#include "interchoice/training/protocols.hpp"
#include "interchoice/training/train.hpp"
#include "support/catch.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

const Path kConv1{2, 2, 2, 2, 2, 2};
const Path kConv3{3, 3, 3, 3, 3, 3};

ic::Sampler<ic::Uniform<Space>> uniform(std::uint64_t seed) {
  return {ic::Uniform(ic::all<Space>), ic::Seed{seed}};
}

const at::Tensor& momentum(const torch::optim::SGD& sgd, const at::Tensor& parameter) {
  const auto state = sgd.state().find(parameter.unsafeGetTensorImpl());
  REQUIRE(state != sgd.state().end());
  return static_cast<const torch::optim::SGDParamState&>(*state->second).momentum_buffer();
}

/// The groups in which an optimizer trains a parameter.
std::vector<std::size_t> groups_of(torch::optim::Optimizer& optimizer,
                                   const at::Tensor& parameter) {
  std::vector<std::size_t> groups;
  for (std::size_t g = 0; g < optimizer.param_groups().size(); ++g) {
    for (const at::Tensor& p : optimizer.param_groups()[g].params()) {
      if (p.is_same(parameter)) groups.push_back(g);
    }
  }
  return groups;
}

}  // namespace

TEST_CASE("cosine decay, once an epoch") {
  const ic::LearningRate rate = ic::cosine(0.025, 1e-5);
  CHECK(rate(0, 250) == 0.025);
  CHECK(rate(125, 250) == Approx((0.025 + 1e-5) / 2).epsilon(1e-12));
  CHECK(rate(250, 250) == Approx(1e-5).epsilon(1e-12));
  CHECK(rate(0, 1) == 0.025);
  // cos(pi/3) = 1/2, cos(2 pi/3) = -1/2: three quarters, one quarter of the way.
  CHECK(ic::cosine(9, 1)(1, 3) == Approx(7).epsilon(1e-12));
  CHECK(ic::cosine(9, 1)(2, 3) == Approx(3).epsilon(1e-12));
  CHECK(rate(249, 250) == Approx(1.09866e-5).epsilon(1e-5));
}

TEST_CASE("warm-up grows to the full rate, then the other rate has the epochs that are left") {
  const ic::LearningRate rate = ic::warm_up(5, ic::cosine(0.06, 1e-5));
  for (std::size_t e = 0; e < 5; ++e) {
    CHECK(rate(e, 600) == Approx(0.01 * static_cast<double>(e + 1)).epsilon(1e-12));
  }
  CHECK(rate(5, 600) == 0.06);
  for (std::size_t e = 5; e < 600; e += 17) {
    const double part = static_cast<double>(e - 5) / 595;
    CHECK(
        rate(e, 600) ==
        Approx(1e-5 + (0.06 - 1e-5) * (1 + std::cos(std::numbers::pi * part)) / 2).epsilon(1e-12));
  }
  CHECK(rate(600, 600) == Approx(1e-5).epsilon(1e-9));
  CHECK(rate(5, 6) == 0.06);
  CHECK(ic::warm_up(0, ic::cosine(9, 1))(1, 3) == ic::cosine(9, 1)(1, 3));
  CHECK(ic::warm_up(1, ic::warm_up(1, ic::constant(8)))(0, 4) == 2);  // half of half
  CHECK_THAT(message_of([&] { rate(0, 5); }), Contains("a warm-up of 5 epochs in a training of 5"));
}

TEST_CASE("the three columns of Table 5") {
  const auto rates = [](const ic::Protocol& protocol, std::size_t epoch) {
    return protocol.learning_rate(epoch, protocol.epochs);
  };
  const ic::Protocol bench = ic::protocols::nasbench201();
  const ic::Protocol supernet = ic::protocols::subimagenet_supernet();
  const ic::Protocol evaluation = ic::protocols::subimagenet_evaluation();
  CHECK(std::vector{bench.epochs, supernet.epochs, evaluation.epochs} ==
        std::vector<std::size_t>{250, 600, 240});
  CHECK(std::vector{bench.batch_size, supernet.batch_size, evaluation.batch_size} ==
        std::vector<std::int64_t>{256, 128, 128});
  CHECK(std::vector{bench.dropout, supernet.dropout, evaluation.dropout} ==
        std::vector<double>{0, 0, 0.2});
  CHECK(rates(bench, 0) == 0.025);
  for (const ic::Protocol& protocol : {supernet, evaluation}) {
    CHECK(rates(protocol, 0) == Approx(0.05 / 6).epsilon(1e-12));
    CHECK(rates(protocol, 5) == 0.05);
  }
  for (const ic::Protocol& protocol : {bench, supernet, evaluation}) {
    const bool is_bench = protocol.batch_size == 256;
    CHECK(rates(protocol, protocol.epochs) == Approx(1e-5).epsilon(1e-9));
    const ic::Training training = protocol.training();
    CHECK(training.epochs == protocol.epochs);
    CHECK(training.learning_rate(7, 250) == protocol.learning_rate(7, 250));
    CHECK(training.optimizer.text() == (is_bench ? "SGD, momentum 0.9, weight decay 0.0003"
                                                 : "SGD, momentum 0.9, weight decay 4e-05"));
    CHECK(training.loss.text() ==
          (is_bench ? "cross entropy, label smoothing 0" : "cross entropy, label smoothing 0.1"));
    CHECK(to_text(training.unsampled) == "move");
    CHECK(training.copies.text() == "copied");
  }
}

TEST_CASE("weight decay is for tables and kernels, not for BatchNorm and .bias") {
  const at::Tensor kernel = at::zeros({4, 4, 3, 3});
  CHECK(ic::is_decayed("convolution.weight", kernel));
  CHECK(ic::is_decayed("cells.0.edge02.bias_table", at::zeros({5, 5, 4})));
  CHECK(ic::is_decayed("debias", kernel));
  CHECK_FALSE(ic::is_decayed("norm.weight", at::zeros({4})));
  CHECK_FALSE(ic::is_decayed("linear.bias", at::zeros({4})));
  CHECK_FALSE(ic::is_decayed("a.bias", kernel));
  CHECK_FALSE(ic::is_decayed("bias", kernel));
  CHECK_FALSE(ic::is_decayed("temperature", at::zeros({})));

  auto net = make_net<ic::bias<2>>(1);
  auto sgd = ic::Sgd{.momentum = 0.8, .weight_decay = 0.3}(*net);
  REQUIRE(sgd.param_groups().size() == 2);
  std::size_t tables = 0;
  for (const auto& p : net->named_parameters()) {
    INFO(p.key());
    const bool table = p.key().ends_with(".bias_table");
    tables += table ? 1 : 0;
    const bool plain = p.key().find("norm") != std::string::npos || p.key() == "head.linear.bias";
    CHECK_FALSE((table && plain));
    const auto groups = groups_of(sgd, p.value());
    REQUIRE(groups.size() == 1);
    const auto& options =
        static_cast<torch::optim::SGDOptions&>(sgd.param_groups()[groups[0]].options());
    CHECK(options.weight_decay() == (plain ? 0 : 0.3));
    CHECK(options.momentum() == 0.8);
  }
  CHECK(tables == 11);
  ic::set_learning_rate(sgd, 0.7);
  for (auto& group : sgd.param_groups()) CHECK(group.options().get_lr() == 0.7);
  CHECK(ic::Sgd{}(*net).param_groups()[1].options().get_lr() == 0.025);
  CHECK(ic::AdamW{}(*net, 0.3).param_groups()[1].options().get_lr() == 0.3);
}

TEST_CASE("weights off the path move or stay, as asked") {
  // Step 1 uses the 3x3 convolutions, steps 2 and 3 use the 1x1: the 3x3 are off the path then.
  const auto data = batches(ic::first_images(digits(), 12), 4, 1);
  const auto sample = [](std::size_t, std::size_t step) { return step == 0 ? kConv3 : kConv1; };
  const double rate = 0.5;
  const double decay = 0.05;
  const bool freezes = GENERATE(false, true);
  auto net = make_net<ic::none, ic::LinearSkip>(1);
  std::vector<State> steps{parameters_of(*net)};
  const ic::Training training{
      .epochs = 1,
      .optimizer = ic::Sgd{.momentum = 0.9, .weight_decay = decay},
      .learning_rate = ic::constant(rate),
      .unsampled = freezes ? ic::UnsampledWeights::kFreeze : ic::UnsampledWeights::kMove,
      .stop = [&] {
        steps.push_back(parameters_of(*net));
        return false;
      }};
  ic::train(net, data, sample, training);
  REQUIRE(steps.size() == 4);
  std::size_t moved = 0;
  for (const auto& [name, initial] : steps[0]) {
    INFO(name);
    if (name.find("skip_connect") != std::string::npos) {  // never sampled
      CHECK(same_bits(initial, steps[3].at(name)));
    } else if (name.find("nor_conv_3x3") != std::string::npos) {
      ++moved;
      CHECK_FALSE(same_bits(initial, steps[1].at(name)));
      if (freezes) {
        CHECK(same_bits(steps[1].at(name), steps[3].at(name)));
        continue;
      }
      // The first step tells the momentum; from then on the gradient is zero:
      //   v <- 0.9 v + decay w,   w <- w - rate v
      at::Tensor w = steps[1].at(name).to(at::kDouble);
      at::Tensor v = (initial.to(at::kDouble) - w) / rate;
      for (std::size_t step = 2; step <= 3; ++step) {
        v = 0.9 * v + decay * w;
        w = w - rate * v;
        CHECK(at::allclose(steps[step].at(name).to(at::kDouble), w, 1e-5, 1e-6));
        CHECK_FALSE(same_bits(steps[step].at(name), steps[step - 1].at(name)));
      }
    } else if (name.find("nor_conv_1x1") != std::string::npos) {
      CHECK(same_bits(initial, steps[1].at(name)));
      CHECK_FALSE(same_bits(initial, steps[2].at(name)));
    }
  }
  CHECK(moved == 12);
}

TEST_CASE("SGD goes on with the copies of a split as it would with their source") {
  auto net = make_net<ic::split<ic::on_demand>>(1);
  const auto data = batches(ic::first_images(digits(), 64), 16, 1);
  auto sgd = ic::Sgd{}(*net);
  ic::set_learning_rate(sgd, 0.1);
  const auto step = [&](std::int64_t index, const Path& path) {
    const ic::Batch batch = data.epoch(0)[index];
    net->zero_grad(/*set_to_none=*/false);
    at::cross_entropy_loss(net->forward(batch.data, path), batch.target).backward();
    sgd.step();
  };
  step(0, kConv3);
  step(1, kConv3);  // the 1x1 convolutions have neither gradient nor momentum

  const ic::NewParameters added = ic::split_now(*net);
  CHECK(added.size() == 11 * 4 * 2);  // locations with a prior, further contexts, kernels
  for (const ic::NewParameter& copy : added) CHECK(groups_of(sgd, copy.parameter).empty());
  ic::add_new_parameters(sgd, added);
  const auto parameters = net->named_parameters();
  for (const ic::NewParameter& copy : added) {
    INFO(copy.name);
    REQUIRE(parameters.contains(copy.name));
    CHECK(parameters[copy.name].is_same(copy.parameter));
    CHECK(same_bits(copy.parameter, copy.source));
    CHECK(groups_of(sgd, copy.parameter) == groups_of(sgd, copy.source));
    CHECK(groups_of(sgd, copy.parameter).size() == 1);
    const bool used = copy.name.find("3x3") != std::string::npos;
    REQUIRE(copy.source.grad().defined() == used);
    REQUIRE(copy.parameter.grad().defined() == used);
    if (!used) {
      CHECK(sgd.state().find(copy.parameter.unsafeGetTensorImpl()) == sgd.state().end());
      continue;
    }
    CHECK(same_bits(copy.parameter.grad(), copy.source.grad()));
    CHECK_FALSE(copy.parameter.grad().is_same(copy.source.grad()));
    const at::Tensor& own = momentum(sgd, copy.parameter);
    CHECK(same_bits(own, momentum(sgd, copy.source)));
    CHECK_FALSE(own.is_same(momentum(sgd, copy.source)));
  }

  const auto counts = [&] {
    return std::pair(sgd.param_groups()[0].params().size(), sgd.param_groups()[1].params().size());
  };
  const auto before = counts();
  CHECK(before.first + before.second == parameters.size());
  CHECK(ic::split_now(*net).empty());
  ic::add_new_parameters(sgd, added);
  CHECK(counts() == before);

  // Prior 3 selects copy 3, which learns; the others coast alike.
  step(2, kConv3);
  for (const ic::NewParameter& copy : added) {
    if (copy.name.find("3x3") == std::string::npos) continue;
    INFO(copy.name);
    const bool selected = copy.name.find(".copy3.") != std::string::npos;
    CHECK((copy.parameter.grad().count_nonzero().item<std::int64_t>() > 0) == selected);
    CHECK(same_bits(copy.parameter, copy.source) != selected);
  }

  // Copies of what SGD does not train are not trained.
  auto frozen = make_net<ic::split<ic::on_demand>>(1);
  torch::optim::SGD head(std::vector<at::Tensor>{frozen->named_parameters()["head.linear.weight"]},
                         torch::optim::SGDOptions(0.1));
  ic::add_new_parameters(head, ic::split_now(*frozen));
  CHECK(head.param_groups()[0].params().size() == 1);
}

TEST_CASE("a split happens once, at its epoch or at the first one after it") {
  auto net = make_net<ic::split<2>>(1);
  CHECK(ic::begin_epoch(*net, 0).empty());
  CHECK(ic::begin_epoch(*net, 1).empty());
  CHECK_FALSE(ic::is_split(*net));
  CHECK(ic::begin_epoch(*net, 2).size() == 88);
  CHECK(ic::is_split(*net));
  const State split = state_of(*net);
  CHECK(ic::begin_epoch(*net, 2).empty());
  CHECK(ic::begin_epoch(*net, 3).empty());
  CHECK(differing(split, state_of(*net)) == std::vector<std::string>{});

  auto late = make_net<ic::split<2>>(1);
  CHECK(ic::begin_epoch(*late, 7).size() == 88);
  auto none = make_net<ic::none>(1);
  CHECK(ic::begin_epoch(*none, 7).empty());
  CHECK_THROWS_WITH(ic::split_now(*none), Contains("', whose policy is none"));
  CHECK_FALSE(ic::is_split(*none));
}

TEMPLATE_TEST_CASE("the same seeds give the same bits, whatever is evaluated meanwhile", "",
                   ic::none, ic::bias<2>, (ic::split<1>), ic::attention<1>,
                   (ic::compose<ic::affine<1>, ic::bias<1>, ic::split<1>>)) {
  const ic::ImageSet set = ic::first_images(digits(), 48);
  const ic::Training training{.epochs = 2, .learning_rate = ic::cosine(0.1, 1e-3)};
  const auto trained = [&](std::uint64_t initial, std::uint64_t order, std::uint64_t paths,
                           bool evaluate = false) {
    auto net = make_net<TestType>(initial);
    const auto data = batches(set, 16, order);
    const std::vector<Path> some{kConv1, kConv3, Path{0, 1, 2, 3, 4, 0}};
    if (evaluate)
      ic::rank(net, {.calibration = data, .validation = data}, some,
               {.recalibration = ic::Recalibration::paper(2)});
    ic::train(net, data, uniform(paths), training, [&](const ic::Progress& progress) {
      if (evaluate && progress.done % 2 == 1) {
        ic::rank(net, {.calibration = data, .validation = data}, some,
                 {.recalibration = ic::Recalibration::paper(2)});
      }
    });
    return state_of(*net);
  };
  const State state = trained(1, 2, 3);
  for (const auto& [name, tensor] : state) CHECK(tensor.isfinite().all().template item<bool>());
  CHECK(differing(state, trained(1, 2, 3)) == std::vector<std::string>{});
  CHECK(differing(state, trained(1, 2, 3, true)) == std::vector<std::string>{});
  CHECK_FALSE(differing(state, trained(5, 2, 3)).empty());
  CHECK_FALSE(differing(state, trained(1, 5, 3)).empty());
  CHECK_FALSE(differing(state, trained(1, 2, 5)).empty());
}

TEST_CASE("stop ends a training between two steps") {
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);  // 3 steps an epoch
  const auto run = [&](std::size_t stop_after, State* end = nullptr) {
    auto net = make_net<ic::none>(1);
    std::size_t steps = 0;
    State at_stop;
    ic::Training training{.epochs = 2, .learning_rate = ic::constant(0.1)};
    training.stop = [&] {
      if (++steps == stop_after) at_stop = state_of(*net);
      return steps >= stop_after;
    };
    const ic::TrainingRecord record = ic::train(net, data, uniform(1), training);
    CHECK(steps == std::min<std::size_t>(stop_after, 6));
    if (stop_after <= 6) {
      CHECK(differing(at_stop, state_of(*net)) == std::vector<std::string>{});
    }
    if (end != nullptr) *end = state_of(*net);
    return record;
  };
  CHECK(run(1).stopped);
  CHECK(run(1).position == ic::TrainingPosition{0, 1});
  CHECK(run(3).position == ic::TrainingPosition{1, 0});
  CHECK(run(4).position == ic::TrainingPosition{1, 1});
  CHECK(run(7).position == ic::TrainingPosition{2, 0});
  CHECK(run(1).epochs.size() == 1);
  CHECK(run(1).epochs[0].is_partial);
  CHECK(run(3).stopped);  // the last step of the first epoch
  CHECK(run(3).epochs.size() == 1);
  CHECK_FALSE(run(3).epochs[0].is_partial);
  CHECK(run(4).stopped);
  CHECK(run(4).epochs.size() == 2);
  CHECK_FALSE(run(4).epochs[0].is_partial);
  CHECK(run(4).epochs[1].is_partial);
  State last;
  State never;
  CHECK_FALSE(run(6, &last).stopped);  // nothing was left to be stopped
  CHECK_FALSE(run(7, &never).stopped);
  CHECK(run(7).epochs.size() == 2);
  CHECK_FALSE(run(7).epochs[1].is_partial);
  CHECK(differing(last, never) == std::vector<std::string>{});
}

TEST_CASE("split_epochs splits on demand as split<Epoch> does by itself") {
  const auto data = batches(ic::first_images(digits(), 48), 16, 1);
  ic::Training training{.epochs = 3, .learning_rate = ic::cosine(0.1, 1e-3)};
  auto built_in = make_net<ic::split<1>>(1);
  ic::train(built_in, data, uniform(1), training);
  auto unsplit = make_net<ic::split<ic::on_demand>>(1);
  ic::train(unsplit, data, uniform(1), training);
  CHECK_FALSE(ic::is_split(*unsplit));
  training.split_epochs = {1};
  auto asked = make_net<ic::split<ic::on_demand>>(1);
  ic::train(asked, data, uniform(1), training);
  CHECK(ic::is_split(*asked));
  CHECK(differing(state_of(*built_in), state_of(*asked)) == std::vector<std::string>{});

  auto earlier = make_net<ic::split<2>>(1);
  ic::train(earlier, data, uniform(1), training);
  CHECK(differing(state_of(*built_in), state_of(*earlier)) == std::vector<std::string>{});

  auto plain = make_net<ic::none>(1);
  CHECK_THAT(message_of([&] { ic::train(plain, data, uniform(1), training); }),
             Contains("no choice block of the network can split"));
  training.split_epochs = {3};
  CHECK_THAT(message_of([&] { ic::train(asked, data, uniform(1), training); }),
             Contains("split_epochs is 3 of 3 epochs"));
  training.split_epochs = {1, 1};
  CHECK_THAT(message_of([&] { ic::train(asked, data, uniform(1), training); }),
             Contains("split_epochs has 1 behind 1; give them in ascending order"));
}

TEST_CASE("a loss that is not finite ends the training before it reaches the weights") {
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  auto net = make_net<ic::bias<1>>(1);
  State before;
  std::size_t steps = 0;
  ic::Training training{.epochs = 3, .learning_rate = ic::constant(0.1)};
  training.stop = [&] {
    if (++steps == 4) {  // what a learning rate that is too large comes to
      const c10::NoGradGuard no_grad;
      net->named_parameters()["head.linear.weight"].fill_(INFINITY);
      before = parameters_of(*net);
    }
    return false;
  };
  const std::string message = message_of([&] { ic::train(net, data, uniform(1), training); });
  CHECK_THAT(message, Contains("epoch 1, step 1,") && Contains(ic::to_text(uniform(1)(1, 1))) &&
                          Contains("nan"));
  CHECK(steps == 4);
  CHECK(differing(before, parameters_of(*net)) == std::vector<std::string>{});
}

TEST_CASE("loss and accuracy are those of a dumb loop, label smoothing included") {
  const auto smoothing = GENERATE(0.0, 0.1, 0.5);
  const auto data = batches(ic::first_images(digits(), 42), 16, 1);  // the last batch has 10 images
  auto net = make_net<ic::none>(1);
  net->eval();
  std::vector<ic::Progress> reports;
  const ic::TrainingRecord record =
      ic::train(net, data, uniform(1),
                {.epochs = 2,
                 .loss = ic::CrossEntropy{.label_smoothing = smoothing},
                 .learning_rate = ic::constant(0)},
                [&](const ic::Progress& progress) { reports.push_back(progress); });
  CHECK(net->is_training());
  REQUIRE(record.epochs.size() == 2);
  for (std::size_t epoch = 0; epoch < 2; ++epoch) {
    double loss = 0;
    int correct = 0;
    for (std::int64_t i = 0; i < 3; ++i) {  // the learning rate is zero: the same weights
      const ic::Batch batch = data.epoch(epoch)[i];
      const at::Tensor logits =
          net->forward(batch.data, uniform(1)(epoch, static_cast<std::uint64_t>(i))).detach();
      for (std::int64_t b = 0; b < batch.target.size(0); ++b) {
        const auto label = batch.target[b].item<std::int64_t>();
        double sum = 0;
        std::int64_t best = 0;
        std::vector<double> z;
        for (std::int64_t k = 0; k < 10; ++k) {
          z.push_back(logits[b][k].item<double>());
          sum += std::exp(z.back());
          if (z.back() > z[static_cast<std::size_t>(best)]) best = k;
        }
        for (std::int64_t k = 0; k < 10; ++k) {
          const double target = (1 - smoothing) * (k == label ? 1 : 0) + smoothing / 10;
          loss -= target * (z[static_cast<std::size_t>(k)] - std::log(sum));
        }
        correct += best == label ? 1 : 0;
      }
    }
    CHECK(record.epochs[epoch].epoch == epoch);
    CHECK(record.epochs[epoch].learning_rate == 0);
    CHECK(record.epochs[epoch].loss == Approx(loss / 42).epsilon(1e-5));
    CHECK(record.epochs[epoch].accuracy.value() == Approx(correct / 42.0));
    CHECK(record.epochs[epoch].seconds > 0);
  }
  REQUIRE(reports.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(reports[i].done == i + 1);
    CHECK(reports[i].total == 6);
    CHECK(reports[i].is_milestone == (i % 3 == 2));
  }
  CHECK_THAT(reports[3].state, Contains("epoch 2/2"));
}

TEST_CASE("a tiny super-network learns the digits") {
  const ic::ImageSet set = ic::first_images(digits(), 1280);
  const ic::Batches data(set, {.batch_size = 32, .normalisation = ic::measure_normalisation(set)});
  ic::NasBench201Options options = kTiny;
  options.width = 8;
  auto net = make_net<ic::bias<1>>(1, options);
  const ic::Sampler sample(ic::Uniform(ic::only_convolutions<Space>), ic::Seed{1});
  const ic::Training training{.epochs = 4, .learning_rate = ic::cosine(0.1, 1e-3)};
  const auto record = ic::train(net, data, sample, training);
  REQUIRE(record.epochs.size() == 4);
  for (std::size_t e = 0; e < 4; ++e) {
    CHECK(record.epochs[e].learning_rate == training.learning_rate(e, 4));
  }
  CHECK(record.epochs[3].loss < 0.5 * record.epochs[0].loss);
  CHECK(record.epochs[3].accuracy.value() > 0.7);
  for (const auto& p : net->named_parameters()) {
    if (p.key().ends_with("bias_table")) {
      CHECK(p.value().count_nonzero().item<std::int64_t>() > 0);
    }
  }
}

TEST_CASE("progress in a file is one plain line a milestone") {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  {
    ic::TerminalProgress show("training", file);
    show({.done = 1, .total = 4, .state = "first", .is_milestone = false});
    show({.done = 2, .total = 4, .state = "second", .is_milestone = true});
    show({.done = 3, .total = 4, .state = "third", .is_milestone = false});
    show({.done = 4, .total = 4, .state = "fourth", .is_milestone = false});
    ic::TerminalProgress nameless("", file);
    nameless({.done = 1, .total = 1, .state = "all", .is_milestone = true});
  }
  std::rewind(file);
  std::string text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  std::fclose(file);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK(text.back() == '\n');
  CHECK(text.find('\r') == std::string::npos);
  CHECK(text.find('\033') == std::string::npos);
  CHECK_THAT(text, Catch::Matchers::StartsWith("training: second   50 %  0:0") &&
                       Contains("\ntraining: fourth  100 %") && Contains(", 0:00 left\n") &&
                       Contains("\nall  100 %") && !Contains("first") && !Contains("third"));
}

TEST_CASE("progress in a file has few lines, however many milestones there are") {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  ic::TerminalProgress show("training", file);
  for (std::size_t done = 1; done <= 1000; ++done) {
    show({.done = done, .total = 1000, .state = "", .is_milestone = true});
  }
  std::rewind(file);
  std::size_t lines = 0;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) lines += c == '\n' ? 1 : 0;
  std::fclose(file);
  CHECK(lines == 21);  // the first, 51, 101, ..., 951, and the last
}

TEST_CASE("progress that cannot be shown does not end the task") {
  std::FILE* const full = std::fopen("/dev/full", "w");
  REQUIRE(full != nullptr);
  ic::TerminalProgress show("training", full);
  CHECK_NOTHROW(show({.done = 1, .total = 2, .state = "", .is_milestone = true}));
  CHECK_NOTHROW(show({.done = 2, .total = 2, .state = "", .is_milestone = true}));
  std::fclose(full);
}

TEST_CASE("the time left is that of this process's steps") {
  ic::Progress progress{.done = 30, .total = 50, .state = "", .is_milestone = false};
  CHECK(ic::seconds_left(progress, 60) == 40);
  progress.before = 20;  // an earlier process's: six seconds a step
  CHECK(ic::seconds_left(progress, 60) == 120);
  progress.before = 30;
  CHECK(ic::seconds_left(progress, 60) == 0);
}

namespace {
volatile std::sig_atomic_t noted = 0;
void note(int signal) { noted = signal; }
}  // namespace

TEST_CASE("an interrupt is noted once, then the former handlers are back") {
  const auto former_interrupt = std::signal(SIGINT, note);
  const auto former_terminate = std::signal(SIGTERM, note);
  for (const int signal : {SIGINT, SIGTERM}) {
    noted = 0;
    {
      const ic::InterruptRequest interrupt;
      CHECK_FALSE(interrupt.requested());  // also the second time round
      CHECK(interrupt.signal() == 0);
      std::raise(signal);
      CHECK(interrupt.requested());
      CHECK(interrupt.signal() == signal);
      CHECK(noted == 0);
      const auto second = std::signal(signal, SIG_DFL);
      CHECK(second == SIG_DFL);  // a second signal ends the program
    }
    std::raise(signal);
    CHECK(noted == signal);
  }
  std::signal(SIGINT, former_interrupt);
  std::signal(SIGTERM, former_terminate);
}
