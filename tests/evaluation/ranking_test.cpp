// Recalibration, accuracy and ranking against second computations; what must not remain of them;
// what is evaluated with BatchNorm folded into the convolutions.

#include "interchoice/evaluation/ranking.hpp"

#include <ATen/Functions.h>
#include <ATen/record_function.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/take.hpp>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "interchoice/core/enumeration.hpp"
#include "interchoice/distributed/group.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/recalibrate.hpp"
#include "interchoice/evaluation/result_file.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench_macro.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/search/nsga2.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/thread_group.hpp"
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

TEST_CASE("accuracy is the fraction of right images, one by one, in the last batch, too") {
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
                   (ic::split<0>), ic::bias_sum<1>, ic::bias_residual<1>, (ic::attention<1>),
                   ic::affine<1>, (ic::compose<ic::shift<1>, ic::bias<1>, ic::split<0>>)) {
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

TEST_CASE("a ranking takes any range of architectures and gives the best") {
  const auto train = batches(ic::first_images(digits(), 60), 16, 1);
  const auto valid = batches(ic::last_images(digits(), 60), 16, 1);
  auto net = make_net<ic::none>(1);
  randomise(*net, 2);
  const ic::Restriction<Space> few(
      [](std::size_t choice, std::size_t c) { return choice < 3 ? c == 2 || c == 3 : c == 3; });
  const auto every = ic::every_architecture(few);
  const std::vector<Path> paths(every.begin(), every.end());
  const ic::RankingOptions options{.recalibration = ic::Recalibration::paper(2)};
  const ic::EvaluationData data{.calibration = train, .validation = valid};
  const auto expected = ic::rank(net, data, paths, options);
  REQUIRE(expected.predictions.size() == 8);
  const auto check = [&](const auto& ranking, std::size_t first, std::size_t step) {
    REQUIRE_FALSE(ranking.predictions.empty());
    for (std::size_t i = 0; i < ranking.predictions.size(); ++i) {
      CHECK(ranking.architectures[i] == paths[first + i * step]);
      CHECK(ranking.predictions[i] == expected.predictions[first + i * step]);
    }
  };
  check(ic::rank(net, {.calibration = train, .validation = valid}, ic::every_architecture(few),
                 options),
        0, 1);
  check(ic::rank(net, data, every, options), 0, 1);
  check(ic::rank(net, data, std::array{paths[3]}, options), 3, 1);
  check(ic::rank(net, data, std::list<Path>(paths.begin() + 2, paths.end()), options), 2, 1);
  const auto ends_in_3 = [](const Path& path) { return path[2] == 3; };
  check(ic::rank(net, data, every | std::views::filter(ends_in_3), options), 1, 2);
  check(ic::rank(net, data, every | ranges::views::filter(ends_in_3) | ranges::views::take(3),
                 options),
        1, 2);

  const double highest =
      *std::max_element(expected.predictions.begin(), expected.predictions.end());
  ic::Ranking<Space> ranking = expected;
  const auto place = std::find(paths.begin(), paths.end(), ranking.best()) - paths.begin();
  CHECK(ranking.predictions[static_cast<std::size_t>(place)] == highest);
  ranking.predictions = {0.1, 0.5, 0.25, 0.5, 0, 0, 0, 0};
  CHECK(ranking.best() == paths[1]);
  CHECK_THROWS_WITH(ic::Ranking<Space>{}.best(), Contains("without architectures"));
}

TEST_CASE("logits that are not finite are an error that names the architecture") {
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  auto net = make_net<ic::none>(1);
  randomise(*net, 2);
  const std::vector<Path> paths{Path{2, 1, 3, 4, 2, 0}, Path{3, 3, 3, 3, 3, 3}};
  const TemporaryFolder folder;
  ic::RankingOptions options{.recalibration = ic::Recalibration::paper(2),
                             .results = ic::ResultFile{folder / "results.csv"}};
  SECTION("a candidate's weight") {
    const c10::NoGradGuard no_grad;
    auto weights = net->named_parameters();
    weights["cells.2.edge03.nor_conv_3x3.convolution.weight"].flatten()[0].fill_(
        GENERATE(std::nan(""), std::numeric_limits<double>::infinity()));
    const State before = state_of(*net);
    if (GENERATE(false, true)) options.sharing = ic::PrefixSharing{};
    const std::string message = message_of([&] { ic::rank(net, {data, data}, paths, options); });
    CHECK_THAT(message,
               Contains("architecture '" + ic::to_text(paths[1]) + "'") && Contains("not finite"));
    CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
    // The other one stays known.
    const auto rest = ic::rank(net, {data, data}, std::array{paths[0]}, options);
    CHECK(rest.predictions.size() == 1);
  }
  SECTION("one logit, of which no prediction tells") {
    const c10::NoGradGuard no_grad;
    net->named_parameters()["head.linear.bias"][3].fill_(-std::numeric_limits<double>::infinity());
    net->eval();
    CHECK_THROWS_WITH(ic::accuracy(net, paths[0], data),
                      Contains("architecture '" + ic::to_text(paths[0]) + "'"));
    CHECK_THROWS_WITH(ic::rank(net, {data, data}, paths, options),
                      Contains("architecture '" + ic::to_text(paths[0]) + "'"));
  }
  SECTION("no images at all") {
    struct Nothing {
      std::int64_t size() const { return 0; }
      std::int64_t example_count() const { return 0; }
      std::vector<ic::Batch> epoch(std::uint64_t) const { return {}; }
      ic::Batch evaluation(std::int64_t) const { return {}; }
      ic::Batch calibration(std::int64_t) const { return {}; }
    };
    CHECK_THROWS_WITH(ic::rank(net, {.calibration = data, .validation = Nothing{}}, paths),
                      Contains("has no images"));
  }
}

TEMPLATE_TEST_CASE("a subnet is recalibrated as its architecture is", "", ic::none, ic::bias<1>,
                   (ic::split<0>), ic::affine<1>) {
  const auto data = batches(ic::first_images(digits(), 100), 16, 3);
  const at::Tensor x = data.evaluation(0).data;
  auto net = make_net<TestType>(1);
  ic::begin_epoch(*net, 0);
  randomise(*net, 2);
  auto subnet = ic::extract(net, kMixed);
  subnet->train();
  const State before = state_of(*net);
  for (const auto& how : {ic::Recalibration::paper(), ic::Recalibration::reset_first(3),
                          ic::Recalibration::average(2)}) {
    INFO(ic::to_text(how));
    auto fresh = ic::extract(net, kMixed);
    ic::recalibrate(fresh, data, how);
    CHECK_FALSE(fresh->is_training());
    CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
    const ic::BatchNormBuffers guard(*net);
    ic::recalibrate(net, kMixed, data, how);
    CHECK(same_bits(fresh->forward(x), net->forward(x, kMixed)));
  }
  ic::recalibrate(subnet, data);
  ic::recalibrate(net, kMixed, data);
  CHECK(same_bits(subnet->forward(x), net->forward(x, kMixed)));
}

TEST_CASE("any network of one input is recalibrated") {
  const auto data = batches(ic::first_images(digits(), 100), 16, 3);
  torch::nn::Sequential net(torch::nn::Conv2d(1, 2, 3), torch::nn::BatchNorm2d(2));
  ic::recalibrate(net, data, ic::Recalibration::average(4));
  CHECK_FALSE(net->is_training());
  at::Tensor mean = at::zeros({2}, at::kDouble);
  for (std::int64_t i = 0; i < 4; ++i) {
    const at::Tensor y = net[0]->as<torch::nn::Conv2d>()->forward(data.calibration(i).data);
    mean = mean + y.to(at::kDouble).mean({0, 2, 3}) / 4;
  }
  CHECK(at::allclose(net[1]->as<torch::nn::BatchNorm2d>()->running_mean.to(at::kDouble), mean, 1e-5,
                     1e-6));
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

namespace {

/// How many BatchNorms of this thread libtorch runs while `call` does.
template <class Call>
std::int64_t batch_norms_in(const Call& call) {
  static std::int64_t count = 0;
  count = 0;
  const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(
      [](const at::RecordFunction& function) -> std::unique_ptr<at::ObserverContext> {
        const std::string_view name = function.name();
        count += name == "aten::batch_norm" || name == "interchoice::batch_norm" ||
                         name == "interchoice::inference_batch_norm"
                     ? 1
                     : 0;
        return nullptr;
      }));
  call();
  at::removeCallback(handle);
  return count;
}

/// Everything that a network computes for some architectures is the same folded and not, in
/// float64, and `remaining` BatchNorms that follow no convolution are all that runs.
template <class Net>
void check_folding(Net& net, const at::Tensor& image, std::int64_t remaining) {
  using Space = typename Net::ContainedType::Space;
  ic::begin_epoch(*net, 0);
  randomise(*net, 3);
  net->to(at::kDouble);
  net->eval();
  const c10::NoGradGuard no_grad;
  for (const auto& path : ic::distinct_architectures(ic::all<Space>, 5, ic::Seed{4})) {
    INFO(ic::to_text(path));
    const at::Tensor expected = net->forward(image, path);
    const ic::FoldBatchNorm folding;
    at::Tensor folded;
    CHECK(batch_norms_in([&] { folded = net->forward(image, path); }) == remaining);
    const double scale = expected.abs().max().template item<double>();
    CHECK((folded - expected).abs().max().template item<double>() < 1e-10 * scale);
  }
}

using Policies =
    std::tuple<ic::none, ic::bias<1>, ic::split<0>, ic::shift<1>, ic::affine<1>, ic::attention<1>>;

const std::vector<Path> kPaths{Path{2, 1, 3, 4, 2, 0}, Path{2, 1, 3, 4, 2, 3},
                               Path{3, 3, 3, 3, 3, 3}, Path{2, 3, 0, 2, 0, 4}};

}  // namespace

TEST_CASE("BatchNorms are counted as they run") {  // what the checks below stand on
  torch::nn::BatchNorm2d norm(2);
  const at::Tensor x = at::ones({2, 2, 3, 3});
  CHECK(batch_norms_in([&] { norm(norm(x)); }) == 2);
  CHECK(batch_norms_in([&] { at::relu(x); }) == 0);
}

TEMPLATE_LIST_TEST_CASE("a folded network computes what it did", "", Policies) {
  at::manual_seed(1);
  const at::Tensor image = at::randn({2, 3, 32, 32}, at::kDouble);
  {
    ic::Supernet<ic::NasBench201<>, TestType> net(
        ic::NasBench201Options{.width = 4, .cells_per_stage = {1, 1}});
    check_folding(net, image, 1);  // the head's
  }
  {
    ic::Supernet<ic::NasBenchMacro, TestType> net(
        ic::NasBenchMacroOptions{.width = 4, .head_width = 16});
    check_folding(net, image, 0);
  }
  {
    ic::Supernet<ic::FairNas, TestType> net(
        ic::FairNasOptions{.classes = 10, .width_multiplier = 0.25});
    check_folding(net, image, 0);
  }
}

TEST_CASE("a folded ranking: predictions, sharing, what remains") {
  const ic::ImageSet set = digits();
  const auto calibration = batches(ic::first_images(set, 200), 16, 1);
  const auto validation = batches(ic::last_images(set, 300), 64, 1);
  auto net = make_net<ic::affine<1>>(1);
  randomise(*net, 2);
  const State before = state_of(*net);
  const ic::RankingOptions plain{.recalibration = ic::Recalibration::paper(3)};
  ic::RankingOptions folding = plain;
  folding.fold_batch_norm = true;

  const auto expected = ic::rank(net, {calibration, validation}, kPaths, plain).predictions;
  const auto folded = ic::rank(net, {calibration, validation}, kPaths, folding).predictions;
  for (std::size_t i = 0; i < kPaths.size(); ++i) {
    CHECK(std::abs(folded[i] - expected[i]) < 1.5 / 300);  // an image where two logits nearly tie
  }
  CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});

  // Shared prefixes: what one by one gives, to the bit.
  folding.sharing = ic::PrefixSharing{};
  CHECK(ic::rank(net, {calibration, validation}, kPaths, folding).predictions == folded);
  folding.sharing = {};

  // Calibration runs unfolded, evaluation is folded, and nothing stays folded.
  const auto count = [&](const ic::RankingOptions& options) {
    return batch_norms_in([&] {
      ic::rank(net, {calibration, validation}, std::vector<Path>{kPaths[2]}, options);
    });
  };
  const std::int64_t path = 1 + 2 * 6 + 2 + 1;  // stem, convolutions on all edges, reduction, head
  CHECK(count(plain) == (3 + 5) * path);
  CHECK(count(folding) == 3 * path + 5 * 1);
  CHECK(count(plain) == (3 + 5) * path);
}

namespace {

/// A rank that was killed in the middle of its work.
struct Died {};

}  // namespace

TEST_CASE("the ranks of a group share a ranking out, with the bits of one process") {
  const TemporaryFolder folder;
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  const auto network = [] {
    auto net = make_net<ic::bias<1>>(1);
    randomise(*net, 2);
    return net;
  };
  std::vector<Path> paths;  // some compute the same, one stands there twice
  for (std::uint64_t i = 0; i < 40; ++i) paths.push_back(Path::from_index(i * 211));
  paths.push_back(paths[3]);
  const auto path_of = [](const auto& ranking) { return ranking.architectures; };
  for (const int kind : {0, 1, 2}) {
    INFO("kind " << kind);
    ic::RankingOptions options{.recalibration = ic::Recalibration::paper(1),
                               .merge_isomorphic = kind != 0,
                               .fold_batch_norm = kind == 2};
    if (kind > 0) options.sharing = ic::PrefixSharing{};
    auto alone = network();
    const auto expected = ic::rank(alone, {data, data}, paths, options);
    const auto file = folder / ("results" + std::to_string(kind) + ".csv");
    options.results = ic::ResultFile{file};
    ic::rank(alone, {data, data}, std::vector(paths.begin() + 20, paths.begin() + 24), options);
    std::vector<std::vector<std::size_t>> done(2);
    std::vector<Net<ic::bias<1>>> nets{network(), network()};
    const auto rankings = on_threads(2, [&](const ic::Group& group) {
      ic::RankingOptions own = options;
      own.group = group;
      return ic::rank(nets[group.rank()], {data, data}, paths, own,
                      [&](const ic::Progress& p) { done[group.rank()].push_back(p.done); });
    });
    for (const auto& ranking : rankings) {
      CHECK(path_of(ranking) == paths);
      CHECK(ranking.predictions == expected.predictions);
      CHECK_FALSE(ranking.stopped);
    }
    CHECK(done[0].back() == paths.size());
    CHECK(std::is_sorted(done[0].begin(), done[0].end()));
    CHECK(done[1].empty());
    CHECK(ic::CsvTable::read(file).size() == paths.size() - 1);
    // Nothing is left to do, and the file is what it would have been.
    const auto again = ic::rank(alone, {data, data}, paths, options, [](const ic::Progress&) {
      throw std::logic_error("evaluated again");
    });
    CHECK(again.predictions == expected.predictions);
  }
}

TEST_CASE("a rank that dies in a ranking loses what it has in work, and others do it") {
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  std::vector<Path> paths;
  for (std::uint64_t i = 0; i < 64; ++i) paths.push_back(Path::from_index(i * 211));
  const ic::RankingOptions options{.recalibration = ic::Recalibration::paper(1),
                                   .sharing = ic::PrefixSharing{},
                                   .merge_isomorphic = false};
  std::vector<Net<ic::none>> nets{make_net<ic::none>(1), make_net<ic::none>(1)};
  std::atomic<bool> is_dead = false;
  const auto rankings = on_threads(2, [&](const ic::Group& group, ThreadTransport& transport) {
    ic::RankingOptions own = options;
    own.group = group;
    own.stop = [&] {
      if (group.rank() == 1) {
        transport.die();
        is_dead = true;
        throw Died();
      }
      while (!is_dead) std::this_thread::yield();
      return false;
    };
    try {
      return ic::rank(nets[group.rank()], {data, data}, paths, own);
    } catch (const Died&) {
      return ic::Ranking<Space>{};
    }
  });
  CHECK(rankings[1].predictions.empty());
  CHECK(rankings[0].predictions == ic::rank(nets[0], {data, data}, paths, options).predictions);
}

TEST_CASE("what a rank throws in a ranking, and that it is to stop, all ranks know") {
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  const std::vector<Path> paths(kSome.begin(), kSome.end());
  const auto run = [&](const auto& stop) {
    return on_threads(2, [&](const ic::Group& group) {
      auto net = make_net<ic::none>(1);
      std::size_t size = 0;
      std::string message = message_of([&] {
        const auto ranking = ic::rank(net, {data, data}, paths,
                                      {.recalibration = ic::Recalibration::paper(1),
                                       .stop = [&] { return stop(group.rank()); },
                                       .group = group});
        size = ranking.predictions.size();
        if (ranking.stopped) throw std::runtime_error("stopped");
      });
      return std::pair(message, size);
    });
  };
  // Each rank gets one of the four before the other has got all.
  std::array<std::atomic<bool>, 2> was_asked{};
  const auto meet = [&](std::size_t rank) {
    was_asked[rank] = true;
    while (!was_asked[1 - rank]) std::this_thread::yield();
  };
  const auto failed = run([&](std::size_t rank) {
    meet(rank);
    if (rank == 1) throw std::runtime_error("no room");
    return false;
  });
  CHECK(failed[0].first == "interchoice: rank 1 of 2 failed: no room");
  CHECK(failed[1].first == "no room");
  was_asked[0] = was_asked[1] = false;
  const auto stopped = run([&](std::size_t rank) {
    meet(rank);
    return rank == 0;
  });
  CHECK(stopped[0] == stopped[1]);
  CHECK(stopped[0].first == "stopped");
  CHECK(stopped[0].second >= 1);
}

TEST_CASE("a search evaluates a generation on all ranks, with the history of one process") {
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  std::vector<Net<ic::none>> nets{make_net<ic::none>(1), make_net<ic::none>(1)};
  const auto search = [&](const ic::Group& group) {
    std::map<Path, double> accuracies;
    ic::SearchProblem<Space> problem;
    problem.objectives = {
        ic::maximise<Space>("accuracy", [&](const Path& path) { return accuracies.at(path); }),
        ic::minimise<Space>("first", [](const Path& path) { return double(path[0]); })};
    problem.prepare = [&](const std::vector<Path>& paths) {
      const auto ranking = ic::rank(nets[group.rank()], {data, data}, paths,
                                    {.recalibration = ic::Recalibration::paper(1), .group = group});
      for (std::size_t i = 0; i < paths.size(); ++i) accuracies[paths[i]] = ranking.predictions[i];
    };
    return ic::nsga2(problem, {.population = 12, .generations = 2});
  };
  const auto histories = on_threads(2, search);
  CHECK(histories[0] == search({}));
  CHECK(histories[1] == histories[0]);
}

TEST_CASE("results of other data are refused, however late the data differ") {
  const TemporaryFolder folder;
  const ic::ImageSet train = ic::first_images(digits(), 40);
  const ic::ImageSet valid = ic::last_images(digits(), 40);  // three batches
  const auto with_last_label_changed = [](ic::ImageSet set) {
    set.labels = set.labels.clone();
    set.labels[-1].fill_((set.labels[-1].item<std::int64_t>() + 1) % 10);
    return set;
  };
  auto net = make_net<ic::none>(1);
  const auto rank = [&](const ic::ImageSet& calibration, const ic::ImageSet& validation,
                        const ic::Recalibration& how, const std::string& file) {
    const ic::EvaluationData data{.calibration = batches(calibration, 16, 1),
                                  .validation = batches(validation, 16, 1)};
    ic::rank(net, data, kPaths, {.recalibration = how, .results = ic::ResultFile{folder / file}});
  };
  const auto paper = ic::Recalibration::paper(1);
  rank(train, valid, paper, "results.csv");
  CHECK_NOTHROW(rank(train, valid, paper, "results.csv"));
  for (const bool of_validation : {true, false}) {
    const std::string message = message_of([&] {
      of_validation ? rank(train, with_last_label_changed(valid), paper, "results.csv")
                    : rank(with_last_label_changed(train), valid, paper, "results.csv");
    });
    CHECK_THAT(message, Contains("results.csv") && Contains("batches is '"));
  }
  // Calibration images that are not used do not count.
  rank(train, valid, ic::Recalibration::none(), "none.csv");
  CHECK_NOTHROW(rank(with_last_label_changed(train), valid, ic::Recalibration::none(), "none.csv"));
}

TEST_CASE("folded results are not mixed with others") {
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  auto net = make_net<ic::none>(1);
  const TemporaryFolder folder;
  ic::RankingOptions options{.recalibration = ic::Recalibration::paper(1),
                             .results = ic::ResultFile{folder.path() / "results.csv"}};
  ic::rank(net, {data, data}, kPaths, options);
  options.fold_batch_norm = true;
  CHECK_THAT(message_of([&] {
               ic::rank(net, {data, data}, kPaths, options);
             }),
             Contains("batch_norm is 'unfolded' there, 'folded' here") && Contains("results.csv"));
  const auto header_of = [](const std::filesystem::path& path) {
    std::string line;
    std::ifstream file(path);
    std::getline(file, line);
    return line;
  };
  const std::string header =
      "arch,accuracy,space,policy,recalibration,images,weights,batches,batch_norm,digest";
  CHECK(header_of(folder.path() / "results.csv") == header);
  options.results = ic::ResultFile{folder.path() / "folded.csv"};
  CHECK_NOTHROW(ic::rank(net, {data, data}, kPaths, options));
  CHECK_NOTHROW(ic::rank(net, {data, data}, kPaths, options));
  options.fold_batch_norm = false;
  CHECK_THAT(message_of([&] {
               ic::rank(net, {data, data}, kPaths, options);
             }),
             Contains("batch_norm is 'folded' there, 'unfolded' here") && Contains("folded.csv"));

  options = {.recalibration = ic::Recalibration::batch_statistics(), .fold_batch_norm = true};
  CHECK_THAT(message_of([&] {
               ic::rank(net, {data, data}, kPaths, options);
             }),
             Contains("fold_batch_norm") && Contains("batch_statistics"));
}
