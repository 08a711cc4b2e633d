// The recalibration menu against its formulas; shared prefixes, plans and streamed results against
// one-by-one evaluation and plain counting.

#include <ATen/Functions.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/evaluation/sharing_cost.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

/// Neighbours that share all, much, little; the first one stands there twice.
const std::vector<Path> kPaths{Path{2, 1, 3, 4, 2, 0}, Path{2, 1, 3, 4, 2, 3},
                               Path{3, 3, 3, 3, 3, 3}, Path{2, 1, 0, 2, 0, 4},
                               Path{2, 1, 3, 4, 2, 0}, Path{3, 3, 3, 2, 1, 2}};

/// A network around another one that keeps the logits of evaluation, in order, by architecture.
template <class Inner>
struct Recording : torch::nn::Module {
  using Space = ic::NasBench201Space;
  explicit Recording(Inner inner) : net(register_module("net", inner)) {}
  at::Tensor forward(const at::Tensor& x, const Path& path) {
    const at::Tensor y = net->forward(x, path);
    if (!is_training()) logits[path].push_back(y);
    return y;
  }
  std::vector<ic::Segment> segments() const { return net->segments(); }
  void run_segment(std::size_t i, ic::Activations& activations, const Path& path) {
    ++runs;
    if (disturbs && i == 3) activations.front().add_(1);
    if (shares && i > 0) extra->forward(at::ones({2, 3}));
    net->run_segment(i, activations, path);
    if (!is_training() && i + 1 == segments().size()) {
      logits[path].push_back(activations.front());
    }
  }
  Inner net;
  std::map<Path, std::vector<at::Tensor>> logits;
  std::size_t runs = 0;
  bool disturbs = false;
  bool shares = false;
  torch::nn::BatchNorm1d extra{nullptr};
};

/// The same without segments.
template <class Inner>
struct Whole : torch::nn::Module {
  explicit Whole(Inner inner) : net(register_module("net", inner)) {}
  at::Tensor forward(const at::Tensor& x, const Path& path) { return net->forward(x, path); }
  Inner net;
};

/// A network whose BatchNorm is called as a libtorch module.
struct OwnNorm : torch::nn::Module {
  at::Tensor forward(const at::Tensor& x, const Path&) { return norm(x).mean({2, 3}); }
  torch::nn::BatchNorm2d norm = register_module("norm", torch::nn::BatchNorm2d(1));
};

template <class Policy>
auto recording() {
  auto net = make_net<Policy>(1);
  ic::begin_epoch(*net, 0);
  randomise(*net, 2);
  return std::make_shared<Recording<decltype(net)>>(net);
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("each recalibration is its formula") {
  using ic::Recalibration;
  const auto data = batches(ic::first_images(digits(), 100), 16, 3);
  constexpr std::int64_t kBatches = 9;
  const Path path{2, 1, 3, 4, 2, 0};
  auto source = make_net<ic::split<0>>(1);
  ic::begin_epoch(*source, 0);
  randomise(*source, 2);
  const State before = state_of(*source);
  const at::Tensor weight = before.at("stem.convolution.weight").to(at::kDouble);
  const auto expect = [&](const Recalibration& how) {
    at::Tensor mean = before.at("stem.norm.running_mean").to(at::kDouble);
    at::Tensor variance = before.at("stem.norm.running_var").to(at::kDouble);
    if (how.method == Recalibration::Method::kResetMomentum)
      mean = at::zeros_like(mean), variance = at::ones_like(variance);
    const bool biased = how.method == Recalibration::Method::kBiasedAverage;
    const bool averages = biased || how.method == Recalibration::Method::kAverage;
    for (std::int64_t i = 0; i < how.batches; ++i) {
      const at::Tensor y = at::conv2d(data.calibration(i).data.to(at::kDouble), weight, {}, 1, 1);
      const auto n = static_cast<double>(y.size(0) * y.size(2) * y.size(3));
      const at::Tensor m = y.sum({0, 2, 3}) / n;
      const at::Tensor v =
          (y - m.view({1, -1, 1, 1})).square().sum({0, 2, 3}) / (biased ? n : n - 1);
      const double keep = !averages ? 0.9 : static_cast<double>(i) / static_cast<double>(i + 1);
      mean = keep * mean + (1 - keep) * m;
      variance = keep * variance + (1 - keep) * v;
    }
    return std::pair(mean, variance);
  };
  const auto calibrated = [&](const Recalibration& how) {
    auto net = make_net<ic::split<0>>(1);
    ic::begin_epoch(*net, 0);
    randomise(*net, 2);
    ic::recalibrate(net, path, data, how);
    return state_of(*net);
  };
  std::set<std::string> names;
  for (const Recalibration& how :
       {Recalibration::none(), Recalibration::paper(kBatches), Recalibration::reset_first(kBatches),
        Recalibration::average(kBatches), Recalibration::biased_average(kBatches)}) {
    INFO(ic::to_text(how));
    CHECK(names.insert(ic::to_text(how)).second);
    auto net = make_net<ic::split<0>>(1);
    ic::begin_epoch(*net, 0);
    randomise(*net, 2);
    ic::recalibrate(net, path, data, how);
    const State after = state_of(*net);
    const auto [mean, variance] = expect(how);
    CHECK(at::allclose(after.at("stem.norm.running_mean").to(at::kDouble), mean, 1e-5, 1e-6));
    CHECK(at::allclose(after.at("stem.norm.running_var").to(at::kDouble), variance, 1e-5, 1e-6));
    if (how.method ==
        Recalibration::Method::kBiasedAverage) {  // every BatchNorm of the path, the head's
                                                  // included, by its number of values
      const State unbiased = calibrated(Recalibration::average(kBatches));
      for (const auto& [norm, size] :
           {std::pair("stem.norm", 8), {"cells.0.edge01.nor_conv_1x1.norm", 8}, {"head.norm", 4}}) {
        const std::string name = std::string(norm) + ".running_var";
        double factor = 0;  // the last batch of 100 images in 16s has 4
        for (std::int64_t i = 0; i < kBatches; ++i) {
          const auto n = static_cast<double>(data.calibration(i).data.size(0) * size * size);
          factor += (n - 1) / n / kBatches;
        }
        const at::Tensor ratio = after.at(name) / unbiased.at(name);
        CHECK((ratio - factor).abs().max().item<double>() < 2e-4);
        CHECK((ratio < 1).all().item<bool>());
      }
    }
    CHECK(net->named_modules()["stem.norm"]->as<torch::nn::BatchNorm2dImpl>()->options.momentum() ==
          0.1);
    std::size_t moved = 0;  // of the path's, copies of others stay
    for (const std::string& name : differing(before, after)) {
      moved += name.ends_with("running_mean") ? 1 : 0;
    }
    const std::size_t norms = 1 + 2 * 3 + 2 + 1;  // three convolutions a cell
    if (how.method == Recalibration::Method::kResetMomentum) {
      CHECK(moved > norms);
    } else {
      CHECK(moved == (how.calibrates() ? norms : 0));
    }
  }

  // Batch statistics: what training mode computes, with or without calibrated buffers.
  auto net = make_net<ic::none>(1);
  randomise(*net, 2);
  const at::Tensor x = data.evaluation(0).data;
  net->train();
  const at::Tensor expected = net->forward(x, path);
  ic::recalibrate(net, path, data, Recalibration::batch_statistics());
  CHECK_FALSE(net->is_training());
  CHECK(at::equal(net->forward(x, path), expected));
  CHECK_THROWS_WITH(ic::recalibrate(net, path, data, Recalibration::average(0)),
                    Contains("at least 1 batch, got 0"));

  // The number of values of a BatchNorm that is not called through the library is not known.
  auto own = std::make_shared<OwnNorm>();
  CHECK_NOTHROW(ic::recalibrate(own, path, data, Recalibration::average(2)));
  CHECK_THROWS_WITH(ic::recalibrate(own, path, data, Recalibration::biased_average(2)),
                    Contains("BatchNorm 'norm' does not run through convolution_norm"));
}

TEMPLATE_TEST_CASE("shared prefixes change no bit", "", ic::none, ic::bias<1>, (ic::split<0>),
                   (ic::compose<ic::shift<1>, ic::bias<1>, ic::split<0>>)) {
  using ic::Recalibration;
  const auto calibration = batches(ic::first_images(digits(), 64), 16, 1);
  const auto validation = batches(ic::last_images(digits(), 40), 16, 1);
  auto net = recording<TestType>();
  const State before = state_of(*net);
  for (const Recalibration& how :
       {Recalibration::none(), Recalibration::paper(3), Recalibration::reset_first(3),
        Recalibration::average(3), Recalibration::biased_average(3),
        Recalibration::batch_statistics()}) {
    INFO(ic::to_text(how));
    net->logits.clear();
    const auto alone = ic::rank(net, {calibration, validation}, kPaths, {.recalibration = how});
    const auto logits = std::exchange(net->logits, {});
    REQUIRE(logits.size() == 5);
    std::vector<std::size_t> runs;
    for (const std::size_t limit : {std::size_t{1} << 30, std::size_t{250'000}, std::size_t{0}}) {
      INFO("limit " << limit);
      net->runs = 0;
      net->logits.clear();
      const auto shared =
          ic::rank(net, {calibration, validation}, kPaths,
                   {.recalibration = how, .sharing = ic::PrefixSharing{.memory_limit = limit}});
      runs.push_back(net->runs);
      CHECK(shared.architectures == kPaths);
      CHECK(shared.predictions == alone.predictions);
      CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
      REQUIRE(net->logits.size() == logits.size());
      for (const auto& [path, expected] : logits) {
        // The plan's measuring runs come first, for the first architecture.
        const auto& got = net->logits.at(path);
        REQUIRE(got.size() >= expected.size());
        const std::size_t skipped = got.size() - expected.size();
        for (std::size_t i = 0; i < expected.size(); ++i) {
          CHECK(at::equal(got[skipped + i], expected[i]));
        }
      }
    }
    CHECK(runs[0] < runs[2]);
    CHECK(runs[0] <= runs[1]);
    CHECK(runs[1] <= runs[2]);
  }
}

TEST_CASE("what cannot be shared is said, or evaluated one by one") {
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  auto net = recording<ic::none>();
  const ic::RankingOptions options{.recalibration = ic::Recalibration::paper(2),
                                   .sharing = ic::PrefixSharing{}};
  net->disturbs = true;
  CHECK_THROWS_WITH(ic::rank(net, {data, data}, kPaths, options), Contains("in place"));
  net->disturbs = false;
  auto whole = std::make_shared<Whole<decltype(net->net)>>(net->net);
  const auto plain =
      ic::rank(whole, {data, data}, kPaths, {.recalibration = ic::Recalibration::paper(2)});
  CHECK(ic::rank(whole, {data, data}, kPaths, options).predictions == plain.predictions);
  CHECK(ic::rank(net, {data, data}, kPaths, options).predictions == plain.predictions);

  // One BatchNorm that two segments use: its statistics would depend on what is shared.
  net->extra = net->register_module("extra", torch::nn::BatchNorm1d(3));
  net->shares = true;
  CHECK_THROWS_WITH(ic::rank(net, {data, data}, kPaths, options),
                    Contains("the buffers of 'extra'") && Contains("rank without sharing"));
}

namespace {

/// FairNAS' blocks with and without residual, small.
struct SmallLayout {
  static constexpr std::int64_t stem_width = 8;
  static constexpr std::int64_t width = 4;
  static constexpr std::array<ic::ChainStage, 2> stages{{{4, 2, 1}, {6, 1, 2}}};
  static constexpr std::int64_t head_width = 16;
};

}  // namespace

TEST_CASE("chains share prefixes with the same results, and leave no trace") {
  using Fair = ic::FairNasNetwork<SmallLayout>;
  const auto data = batches(ic::first_images(digits(), 60), 16, 1);
  at::manual_seed(2);
  ic::Supernet<Fair, ic::compose<ic::shift<1>, ic::split<0>>> net(
      ic::FairNasOptions{.input_channels = 1, .classes = 10});
  ic::begin_epoch(*net, 0);
  std::vector<ic::Architecture<Fair::Space>> paths;
  for (const std::uint8_t a : std::vector<std::uint8_t>{5, 0, 5}) {
    for (const std::uint8_t b : std::vector<std::uint8_t>{1, 4}) {
      for (const std::uint8_t c : std::vector<std::uint8_t>{2, 3}) paths.push_back({a, b, c});
    }
  }
  const State before = state_of(*net);
  ic::RankingOptions options{.recalibration = ic::Recalibration::average(3)};
  const auto plain = ic::rank(net, {data, data}, paths, options);
  options.sharing = ic::PrefixSharing{};
  const auto shared = ic::rank(net, {data, data}, paths, options);
  CHECK(shared.architectures == paths);
  CHECK(shared.predictions == plain.predictions);
  CHECK(std::set<double>(plain.predictions.begin(), plain.predictions.end()).size() > 2);
  CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
}

TEST_CASE("a plan runs each prefix once, within its memory") {
  const auto net = recording<ic::bias<1>>();
  const std::vector<ic::Segment> segments = net->segments();
  std::vector<Path> paths;
  for (std::uint64_t i = 0; i < 60; ++i) paths.push_back(Path::from_index(i * i * 37 % 15625));
  paths.push_back(paths.front());
  const ic::SharingPlan plan(segments, paths);
  std::vector<std::size_t> counted;
  std::set<std::size_t> read;
  for (const ic::Segment& segment : segments) {
    read.insert(segment.choices.begin(), segment.choices.end());
    std::set<std::vector<int>> prefixes;
    for (const Path& path : paths) {
      std::vector<int> prefix;
      for (const std::size_t choice : read) prefix.push_back(path[choice]);
      prefixes.insert(prefix);
    }
    counted.push_back(prefixes.size());
  }
  CHECK(plan.segment_runs() == counted);
  CHECK(plan.leaf_count() == counted.back());
  const auto cost = ic::sharing_cost(plan, paths, [](std::size_t, const Path&) { return 1.0; });
  std::size_t total = 0;
  for (const std::size_t count : counted) total += count;
  CHECK(cost.runs_shared == total);
  CHECK(cost.cost_shared == static_cast<double>(total));
  CHECK(cost.runs_alone == counted.back() * segments.size());
  CHECK(cost.ratio() < 1);

  std::size_t before = total;
  for (const double limit : {8.0, 3.0, 2.0, 1.0, 0.0}) {
    const ic::SharingPlan tight(segments, paths, std::vector<double>(segments.size() + 1, 1),
                                limit);
    CHECK(static_cast<double>(tight.kept_levels().size()) <= limit);
    std::size_t runs = 0;
    for (const std::size_t count : tight.segment_runs()) runs += count;
    CHECK(runs >= before);
    before = runs;
  }
  CHECK(before == counted.back() * segments.size());
  CHECK_THROWS_WITH(ic::SharingPlan({}, paths), Contains("no segments"));
  CHECK_THROWS_WITH(ic::SharingPlan({{"odd", {6}}}, paths), Contains("'odd' reads choice 6"));

  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  const State state = state_of(*net);
  {
    auto holder = net;
    ic::MeasuredSegmentCosts seconds(holder, {data, data}, ic::Recalibration::paper(2), paths[0]);
    const auto measured = ic::sharing_cost(plan, paths, seconds);
    CHECK(measured.ratio() > 0);
    CHECK(measured.ratio() < 1);
  }
  CHECK(differing(state, state_of(*net)) == std::vector<std::string>{});
}

TEST_CASE("results are streamed and taken up") {
  const TemporaryFolder folder;
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  auto net = recording<ic::bias<1>>();
  const auto path = folder / "results.csv";
  ic::RankingOptions options{.recalibration = ic::Recalibration::paper(2)};
  const auto expected = ic::rank(net, {data, data}, kPaths, options);
  options.results = path;
  std::size_t asked = 0;
  options.stop = [&] { return ++asked == 2; };
  CHECK(ic::rank(net, {data, data}, kPaths, options).stopped);
  const std::string two = text_of(path);
  CHECK(std::count(two.begin(), two.end(), '\n') == 3);
  CHECK_THAT(two, Contains("momentum(2)") && Contains("bias<1>") && Contains(",40,"));

  std::ofstream(path, std::ios::app | std::ios::binary) << "|none~0|+|no";  // killed while writing
  options.stop = {};
  options.sharing = ic::PrefixSharing{};
  std::size_t evaluated = 0;
  const auto rest =
      ic::rank(net, {data, data}, kPaths, options, [&](const ic::Progress&) { ++evaluated; });
  CHECK(evaluated == 3);
  CHECK(rest.architectures == kPaths);
  CHECK(rest.predictions == expected.predictions);
  const std::string whole = text_of(path);
  CHECK(whole.starts_with(two));
  CHECK(std::count(whole.begin(), whole.end(), '\n') == 6);
  net->runs = 0;
  CHECK(ic::rank(net, {data, data}, kPaths, options).predictions == expected.predictions);
  CHECK(net->runs == 0);

  // Another recalibration and other weights: both differences are named, the file stays.
  options.recalibration = ic::Recalibration::paper(3);
  const c10::NoGradGuard no_grad;
  net->net->parameters().front().add_(1);
  const std::string message = thrown_by([&] { ic::rank(net, {data, data}, kPaths, options); });
  CHECK_THAT(message, Contains("results.csv") && Contains("weights is '") &&
                          Contains("recalibration is 'momentum(2)'") &&
                          Contains("'momentum(3)' here"));
  CHECK_THAT(message, !Contains("space is"));
  CHECK(text_of(path) == whole);
  using Log = ic::ResultLog<Space>;
  const auto refused = [&](const std::string& text) {
    const auto file = folder.write("other.csv", text);
    const std::string reason = thrown_by([&] { Log(file, {{"seed", "1"}}); });
    CHECK(text_of(file) == text);
    return reason;
  };
  const std::string header = "arch,accuracy,seed\n";
  const std::string zero = ic::to_text(Path{});
  CHECK_THAT(refused("a,b\n1,2\n"), Contains("begins with 'a,b'"));
  CHECK_THAT(refused("notes"), Contains("begins with 'notes'"));
  CHECK_THAT(refused(header + zero + ",0.5,2\nto"),
             Contains("other.csv:2: a result of something else: seed is '2' there"));
  CHECK_THAT(refused(header + zero + ",0.5,1\n" + zero + ",0.5,1\n"), Contains("a second time"));
  CHECK_THAT(refused(header + zero + ",1.5,1\n"), Contains("not in [0, 1]"));
  CHECK_THAT(refused(header + "x,0.5,1\n"), Contains("other.csv:2"));
  const auto torn = folder.write("torn.csv", "arch");
  Log(torn, {{"seed", "1"}}).add(Path{}, 0.1);
  CHECK(text_of(torn) == header + zero + ",0.1,1\n");
}
