// Recalibration, accuracy and ranking against second computations; what must not remain of them.

#include <ATen/Functions.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

const Path kMixed{2, 1, 3, 4, 2, 0};
const std::vector<Path> kSome{kMixed, Path{3, 3, 3, 3, 3, 3}, Path{0, 0, 0, 2, 0, 4},
                              Path{2, 3, 1, 0, 2, 3}};

/// The mode of every module.
std::vector<bool> modes_of(const torch::nn::Module& network) {
  std::vector<bool> modes;
  for (const auto& module : network.modules()) modes.push_back(module->is_training());
  return modes;
}

/// Running mean and variance of a BatchNorm in double, moved batch by batch.
struct RunningStatistics {
  at::Tensor mean;
  at::Tensor variance;

  void move(const at::Tensor& x) {  // [N, C, H, W]
    const auto count = static_cast<double>(x.size(0) * x.size(2) * x.size(3));
    const at::Tensor m = x.sum({0, 2, 3}) / count;
    const at::Tensor squares = (x - m.view({1, -1, 1, 1})).square().sum({0, 2, 3});
    mean = 0.9 * mean + 0.1 * m;
    variance = 0.9 * variance + 0.1 * squares / (count - 1);
  }
};

/// Normalisation by a batch's own statistics.
at::Tensor normalised(const at::Tensor& x) {
  const at::Tensor m = x.mean({0, 2, 3}, true);
  return (x - m) / ((x - m).square().mean({0, 2, 3}, true) + 1e-5).sqrt();
}

}  // namespace

TEST_CASE("recalibration moves running statistics by 20 batches and does not reset them") {
  auto net = make_net<ic::none>(1);
  randomise(*net, 2);
  const auto data =
      batches(ic::first_images(digits(), 100), 16, 3);  // 7 batches, so two rounds and more
  const State before = state_of(*net);
  const auto f64 = [&](const std::string& name) { return before.at(name).to(at::kDouble); };
  const std::string first = "cells.0.edge01.nor_conv_1x1.";
  RunningStatistics stem{f64("stem.norm.running_mean"), f64("stem.norm.running_var")};
  RunningStatistics edge{f64(first + "norm.running_mean"), f64(first + "norm.running_var")};
  for (std::int64_t i = 0; i < 20; ++i) {
    const at::Tensor x = data.calibration(i).data.to(at::kDouble);
    const at::Tensor y = at::conv2d(x, f64("stem.convolution.weight"), {}, 1, 1);
    stem.move(y);
    const at::Tensor z = normalised(y) * f64("stem.norm.weight").view({1, -1, 1, 1}) +
                         f64("stem.norm.bias").view({1, -1, 1, 1});
    edge.move(at::conv2d(z.clamp_min(0), f64(first + "convolution.weight")));
  }

  net->train();
  ic::recalibrate(net, kMixed, data);
  CHECK_FALSE(net->is_training());
  const State after = state_of(*net);
  const auto check_moved = [&](const std::string& norm, const RunningStatistics& expected) {
    const at::Tensor mean = after.at(norm + ".running_mean").to(at::kDouble);
    const at::Tensor variance = after.at(norm + ".running_var").to(at::kDouble);
    CHECK(at::allclose(mean, expected.mean, 1e-4, 1e-5));
    CHECK(at::allclose(variance, expected.variance, 1e-4, 1e-5));
    CHECK(after.at(norm + ".num_batches_tracked").item<std::int64_t>() == 20);
  };
  check_moved("stem.norm", stem);
  check_moved("cells.0.edge01.nor_conv_1x1.norm", edge);
  for (const std::string& name : differing(before, after)) {
    INFO(name);
    CHECK(name.find(".norm") != std::string::npos);
    const bool statistic = name.ends_with("running_mean") || name.ends_with("running_var") ||
                           name.ends_with("num_batches_tracked");
    CHECK(statistic);
    CHECK(name.find("edge01.nor_conv_3x3") == std::string::npos);  // off the path
  }
  for (const auto& p : net->parameters()) CHECK_FALSE(p.grad().defined());

  auto two = make_net<ic::none>(1);
  randomise(*two, 2);
  ic::recalibrate(two, kMixed, data, ic::Recalibration::paper(2));
  CHECK(state_of(*two).at("stem.norm.num_batches_tracked").item<std::int64_t>() == 2);
}

TEST_CASE("accuracy is the share of right images, one by one, in the last batch, too") {
  const ic::ImageSet set = ic::first_images(digits(), 43);
  const ic::BatchOptions options{.batch_size = 16, .normalisation = {{0.3}, {0.4}}};
  auto net = make_net<ic::bias<1>>(1);
  randomise(*net, 5);
  net->eval();
  int correct = 0;
  for (std::int64_t i = 0; i < 43; ++i) {
    const at::Tensor image =
        (set.images[i].to(at::kDouble) / 16 - 0.3).div(0.4).to(at::kFloat).unsqueeze(0);
    const at::Tensor logits = net->forward(image, kMixed);
    std::int64_t best = 0;
    for (std::int64_t k = 1; k < 10; ++k) {
      if (logits[0][k].item<float>() > logits[0][best].item<float>()) best = k;
    }
    correct += best == set.labels[i].item<std::int64_t>() ? 1 : 0;
  }
  const State before = state_of(*net);
  CHECK(ic::accuracy(net, kMixed, ic::Batches(set, options)) == correct / 43.0);
  CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});

  // Where one label is right for all, a constant network is all right or all wrong.
  const c10::NoGradGuard no_grad;
  auto parameters = net->named_parameters();
  parameters["head.linear.weight"].zero_();
  parameters["head.linear.bias"].zero_()[7] = 1;
  ic::ImageSet sevens{set.images, at::full({43}, 7, at::kLong), 10, 16};
  CHECK(ic::accuracy(net, kMixed, ic::Batches(sevens, options)) == 1);
  sevens.labels.fill_(6);
  CHECK(ic::accuracy(net, kMixed, ic::Batches(sevens, options)) == 0);
}

TEMPLATE_TEST_CASE("a ranking leaves no trace and depends on no order", "", ic::none, ic::bias<2>,
                   (ic::split<0>), ic::bias_sum<1>, (ic::attention<1>), ic::affine<1>,
                   (ic::compose<ic::shift<1>, ic::bias<1>, ic::split<0>>)) {
  const ic::ImageSet set = digits();
  const auto calibration = batches(ic::first_images(set, 200), 16, 1);
  const auto validation = batches(ic::last_images(set, 150), 64, 1);
  auto net = make_net<TestType>(1);
  ic::begin_epoch(*net, 0);
  randomise(*net, 2);
  const bool training = GENERATE(true, false);
  net->train(training);
  net->named_modules()["stem.norm"]->train(!training);  // a mode of its own
  const State before = state_of(*net);
  const std::vector<bool> modes = modes_of(*net);
  const auto check_untouched = [&] {
    CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
    CHECK(modes_of(*net) == modes);
  };

  const ic::RankingOptions options{.recalibration = ic::Recalibration::paper(5)};
  const auto ranking = ic::rank(net, {calibration, validation}, kSome, options);
  CHECK(ranking.architectures == kSome);
  REQUIRE(ranking.predictions.size() == kSome.size());
  CHECK_FALSE(ranking.stopped);
  check_untouched();

  const auto reversed = ic::rank(net, {calibration, validation},
                                 std::vector<Path>(kSome.rbegin(), kSome.rend()), options);
  CHECK(std::vector<double>(reversed.predictions.rbegin(), reversed.predictions.rend()) ==
        ranking.predictions);
  for (std::size_t i = 0; i < kSome.size(); ++i) {
    CHECK(ic::rank(net, {calibration, validation}, std::vector<Path>{kSome[i]}, options)
              .predictions == std::vector<double>{ranking.predictions[i]});
    // The same by hand, on a network of its own.
    auto twin = make_net<TestType>(1);
    ic::begin_epoch(*twin, 0);
    randomise(*twin, 2);
    ic::recalibrate(twin, kSome[i], calibration, ic::Recalibration::paper(5));
    CHECK(ic::accuracy(twin, kSome[i], validation) == ranking.predictions[i]);
  }
  check_untouched();

  // Without calibration: the network as it is, in evaluation mode.
  const auto plain =
      ic::rank(net, {calibration, validation}, kSome, {.recalibration = ic::Recalibration::none()});
  check_untouched();
  net->eval();
  for (std::size_t i = 0; i < kSome.size(); ++i) {
    CHECK(plain.predictions[i] == ic::accuracy(net, kSome[i], validation));
  }
  CHECK(plain.predictions != ranking.predictions);  // calibration matters
}

TEST_CASE("an exception in a ranking leaves no trace either") {
  const ic::ImageSet set = ic::first_images(digits(), 64);
  const auto data = batches(set, 16, 1);
  const ic::ImageSet coloured{set.images.repeat({1, 3, 1, 1}), set.labels, 10, 16};
  const auto unfit = batches(coloured, 16, 1);
  auto net = make_net<ic::bias<1>>(1);
  randomise(*net, 2);
  const State before = state_of(*net);
  const auto check_untouched = [&] {
    CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
    CHECK(net->is_training());
  };
  CHECK_THROWS_AS(ic::rank(net, {unfit, data}, kSome), c10::Error);
  check_untouched();
  CHECK_THROWS_AS(ic::rank(net, {data, unfit}, kSome), c10::Error);  // after a calibration
  check_untouched();
  const auto give_up = [](const ic::Progress&) { throw std::runtime_error("enough"); };
  CHECK_THROWS_WITH(ic::rank(net, {data, data}, kSome, {}, give_up), "enough");
  check_untouched();

  // Inside the guard everything may happen to the buffers and the mode.
  try {
    const ic::BatchNormBuffers guard(*net);
    for (auto& buffer : net->buffers()) buffer.fill_(3);
    net->eval();
    throw std::runtime_error("out of the loop");
  } catch (const std::runtime_error&) {
  }
  check_untouched();
}

TEST_CASE("stop ends a ranking between two architectures") {
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  auto net = make_net<ic::none>(1);
  const State before = state_of(*net);
  const auto run = [&](std::size_t stop_after) {
    std::size_t asked = 0;
    std::vector<std::size_t> done;
    const auto ranking =
        ic::rank(net, {data, data}, kSome,
                 {.recalibration = ic::Recalibration::paper(1),
                  .stop = [&] { return ++asked >= stop_after; }},
                 [&](const ic::Progress& progress) {
                   done.push_back(progress.done);
                   CHECK(progress.total == kSome.size());
                   CHECK_THAT(progress.state, Contains(ic::to_text(kSome[progress.done - 1])));
                 });
    CHECK(ranking.architectures.size() == ranking.predictions.size());
    CHECK(done.size() == ranking.predictions.size());
    CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
    return std::pair(ranking.predictions.size(), ranking.stopped);
  };
  CHECK(run(1) == std::pair(std::size_t{1}, true));
  CHECK(run(3) == std::pair(std::size_t{3}, true));
  CHECK(run(4) == std::pair(std::size_t{4}, false));  // nothing was left to be stopped
  CHECK(run(9) == std::pair(std::size_t{4}, false));
  const auto nothing = ic::rank(net, {data, data}, std::vector<Path>{});
  CHECK(nothing.predictions.empty());
  CHECK_FALSE(nothing.stopped);
}

TEMPLATE_TEST_CASE("a path's parameters are counted without what depends on others", "", ic::none,
                   ic::bias<2>, (ic::split<0>), (ic::attention<1>), ic::affine<1>) {
  auto net = make_net<TestType, ic::LinearSkip>(1);
  const std::int64_t stem = 9 * 4 + 2 * 4;
  const std::int64_t reduction = 9 * 4 * 8 + 2 * 8 + 9 * 8 * 8 + 2 * 8 + 4 * 8;
  const std::int64_t head = 2 * 8 + 8 * 10 + 10;
  const std::int64_t per_candidate[] = {0, 1, 1, 9, 0};  // times C^2
  const auto counted = [&](const Path& path) {
    std::int64_t count = stem + reduction + head;
    for (const std::uint8_t candidate : path.candidates()) {
      count += per_candidate[candidate] * (4 * 4 + 8 * 8);
    }
    return count;
  };
  for (const Path& path : kSome) {
    INFO(ic::to_text(path));
    CHECK(ic::path_parameters(*net, path) == counted(path));
  }
  ic::begin_epoch(*net, 0);
  for (const Path& path : kSome) CHECK(ic::path_parameters(*net, path) == counted(path));
}
