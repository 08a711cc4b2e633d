// The recalibration menu against its formulas; shared prefixes and plans against one-by-one
// evaluation and plain counting; their memory, measured by the storages that are alive; streamed
// results.

#include "interchoice/evaluation/prefix_sharing.hpp"

#include <ATen/Functions.h>
#include <rapidcheck.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/evaluation/recalibrate.hpp"
#include "interchoice/evaluation/result_file.hpp"
#include "interchoice/evaluation/sharing_cost.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/spaces/chain.hpp"
#include "networks/random_state.hpp"
#include "spaces/example_spaces.hpp"
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

namespace {

using Little = ic::Chain<5, ic::testing::numbered<3>>;
using LittlePath = ic::Architecture<Little>;

/// One to six segments, each of which reads any choices.
rc::Gen<std::vector<ic::Segment>> any_segments() {
  return rc::gen::map(rc::gen::nonEmpty(rc::gen::container<std::vector<std::size_t>>(
                          rc::gen::inRange<std::size_t>(0, 32))),
                      [](std::vector<std::size_t> masks) {
                        masks.resize(std::min<std::size_t>(masks.size(), 6));
                        std::vector<ic::Segment> segments;
                        for (const std::size_t mask : masks) {
                          segments.push_back({"segment " + std::to_string(segments.size()), {}});
                          for (std::size_t choice = 0; choice < Little::choice_count; ++choice) {
                            if ((mask >> choice & 1) == 1)
                              segments.back().choices.push_back(choice);
                          }
                        }
                        return segments;
                      });
}

/// Any architectures, some more than once.
rc::Gen<std::vector<LittlePath>> any_paths() {
  return rc::gen::container<std::vector<LittlePath>>(rc::gen::map(
      rc::gen::inRange(0, 243),
      [](int index) { return LittlePath::from_index(static_cast<std::uint64_t>(index)); }));
}

/// The number of different prefixes behind each segment, counted one by one.
std::vector<std::size_t> count_prefixes(const std::vector<ic::Segment>& segments,
                                        const std::vector<LittlePath>& paths) {
  std::vector<std::size_t> counts;
  std::set<std::size_t> read;
  for (const ic::Segment& segment : segments) {
    read.insert(segment.choices.begin(), segment.choices.end());
    std::set<std::vector<int>> prefixes;
    for (const LittlePath& path : paths) {
      std::vector<int> prefix;
      for (const std::size_t choice : read) prefix.push_back(path[choice]);
      prefixes.insert(prefix);
    }
    counts.push_back(prefixes.size());
  }
  return counts;
}

/// The least segment runs if any `most_kept` levels are kept: all sets are tried.
std::size_t least_runs(const std::vector<std::size_t>& prefixes, std::size_t most_kept) {
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (std::size_t kept = 0; kept < std::size_t{1} << (prefixes.size() - 1); ++kept) {
    if (static_cast<std::size_t>(std::popcount(kept)) > most_kept) continue;
    std::size_t runs = 0;
    std::size_t from = 0;
    for (std::size_t level = 1; level <= prefixes.size(); ++level) {
      if (level < prefixes.size() && (kept >> (level - 1) & 1) == 0) continue;
      runs += prefixes[level - 1] * (level - from);
      from = level;
    }
    least = std::min(least, runs);
  }
  return least;
}

std::size_t sum(const std::vector<std::size_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::size_t{0});
}

/// Executes a plan on paper: levels are kept as they are said to be, no more than `most_kept`, each
/// step shares what all its architectures agree on, and each architecture has one result.
void check_plan(const ic::SharingPlan& plan, const std::vector<ic::Segment>& segments,
                const std::vector<LittlePath>& paths, std::size_t most_kept) {
  std::vector<std::size_t> results(paths.size(), 0);
  std::vector<std::size_t> kept;
  for (const auto& step : plan.steps()) {
    while (!kept.empty() && kept.back() > step.from) kept.pop_back();
    RC_ASSERT((kept.empty() ? 0 : kept.back()) == step.from);
    RC_ASSERT(step.from < step.to);
    for (std::size_t i = step.first; i < step.last; ++i) {
      for (std::size_t segment = 0; segment < step.to; ++segment) {
        for (const std::size_t choice : segments[segment].choices) {
          RC_ASSERT(paths[plan.order()[i]][choice] == paths[plan.order()[step.first]][choice]);
        }
      }
      if (step.to == segments.size()) ++results[plan.order()[i]];
    }
    if (step.to < segments.size()) kept.push_back(step.to);
    RC_ASSERT(kept.size() <= most_kept);
  }
  RC_ASSERT(results == std::vector<std::size_t>(paths.size(), 1));
}

/// Random linear layers with BatchNorm, one a segment, that depend on what the segment reads.
struct LittleNetwork : torch::nn::Module {
  explicit LittleNetwork(std::vector<ic::Segment> own) : parts(std::move(own)) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      layers.push_back(register_module("layer" + std::to_string(i), torch::nn::Linear(3, 3)));
      norms.push_back(register_module("norm" + std::to_string(i), torch::nn::BatchNorm1d(3)));
    }
    to(at::kDouble);
  }
  const std::vector<ic::Segment>& segments() const { return parts; }
  void run_segment(std::size_t i, ic::Activations& activations, const LittlePath& path) {
    double read = 1;
    for (const std::size_t choice : parts[i].choices) read = 3 * read + path[choice];
    at::Tensor y = norms[i]->forward(layers[i]->forward(activations.front() * std::sin(read)));
    activations = {at::cos(y + read)};
    if (!is_training() && i + 1 == parts.size()) logits[path].push_back(activations.front());
  }
  at::Tensor forward(const at::Tensor& x, const LittlePath& path) {
    return ic::run_segments(*this, x, path);
  }

  std::vector<ic::Segment> parts;
  std::vector<torch::nn::Linear> layers;
  std::vector<torch::nn::BatchNorm1d> norms;
  std::map<LittlePath, std::vector<at::Tensor>> logits;
};

/// Two batches of four vectors in float64.
struct LittleData {
  std::int64_t size() const { return 2; }
  std::int64_t example_count() const { return 8; }
  ic::Batch evaluation(std::int64_t i) const {
    const at::Tensor x = at::arange(12, at::kDouble).view({4, 3});
    return {at::sin(x * static_cast<double>(i + 2)), at::arange(4) % 3};
  }
  ic::Batch calibration(std::int64_t i) const { return evaluation(i + 5); }
  std::vector<ic::Batch> epoch(std::uint64_t) const { return {}; }
};

}  // namespace

TEST_CASE("any plan runs each prefix once, or as often as its memory makes necessary") {
  CHECK(rc::check([] {
    const auto segments = *any_segments();
    const auto paths = *any_paths();
    const std::vector<std::size_t> prefixes = count_prefixes(segments, paths);
    const ic::SharingPlan plan(segments, paths);
    check_plan(plan, segments, paths, segments.size());
    RC_ASSERT(plan.segment_runs() == prefixes);
    RC_ASSERT(plan.leaf_count() == prefixes.back());
    const auto cost = ic::sharing_cost(plan, paths, [](auto, const auto&) { return 1.0; });
    RC_ASSERT(cost.networks == prefixes.back());
    RC_ASSERT(cost.runs_shared == sum(prefixes));
    RC_ASSERT(cost.cost_shared == static_cast<double>(sum(prefixes)));
    RC_ASSERT(cost.runs_alone == prefixes.back() * segments.size());
    RC_ASSERT(cost.ratio() <= 1);

    const auto limit = *rc::gen::element<std::size_t>(0, 1, 2, 4);  // levels of size 1
    const ic::SharingPlan tight(segments, paths, std::vector<double>(segments.size() + 1, 1),
                                static_cast<double>(limit));
    check_plan(tight, segments, paths, limit);
    RC_ASSERT(sum(tight.segment_runs()) == least_runs(prefixes, limit));
  }));
  const std::vector<LittlePath> paths{LittlePath{}};
  CHECK_THROWS_WITH(ic::SharingPlan({}, paths), Contains("no segments"));
  CHECK_THROWS_WITH(ic::SharingPlan({{"odd", {6}}}, paths),
                    Contains("'odd' reads choice 6; the space has 5"));
  CHECK_THROWS_WITH(ic::SharingPlan({{"all", {}}}, paths, {1}), Contains("1 sizes for 2 levels"));
}

TEST_CASE("any sharing of any architectures gives the bits of one by one") {
  using ic::Recalibration;
  at::manual_seed(1);
  CHECK(rc::check([] {
    auto net = std::make_shared<LittleNetwork>(*any_segments());
    const auto paths = *any_paths();
    const auto how = *rc::gen::element(Recalibration::none(), Recalibration::paper(2),
                                       Recalibration::reset_first(1), Recalibration::average(3),
                                       Recalibration::batch_statistics());
    const auto limit = static_cast<std::size_t>(*rc::gen::inRange(0, 3000));  // 96 B an activation
    const State before = state_of(*net);
    const ic::EvaluationData data{LittleData{}, LittleData{}};
    ic::RankingOptions options{.recalibration = how};
    const auto alone = ic::rank(net, data, paths, options);
    const auto expected = std::exchange(net->logits, {});
    options.sharing = ic::PrefixSharing{.memory_limit = limit};
    const auto shared = ic::rank(net, data, paths, options);
    RC_ASSERT(shared.architectures == paths);
    RC_ASSERT(shared.predictions == alone.predictions);
    RC_ASSERT(differing(before, state_of(*net)).empty());
    // Those that read the same are computed as one of them.
    for (const auto& [path, tensors] : net->logits) {
      const auto& alone_too = expected.at(path);
      RC_ASSERT(tensors.size() >= alone_too.size());  // the plan's measuring comes first
      for (std::size_t i = 0; i < alone_too.size(); ++i) {
        RC_ASSERT(same_bits(tensors[tensors.size() - alone_too.size() + i], alone_too[i]));
      }
    }
    RC_ASSERT(net->logits.size() >= (paths.empty() ? 0u : 1u));
  }));
}

TEST_CASE("results are streamed and taken up") {
  const TemporaryFolder folder;
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  auto net = recording<ic::bias<1>>();
  const auto path = folder / "results.csv";
  ic::RankingOptions options{.recalibration = ic::Recalibration::paper(2)};
  const auto expected = ic::rank(net, {data, data}, kPaths, options);
  options.results = ic::ResultFile{path};
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
  const std::string message = message_of([&] { ic::rank(net, {data, data}, kPaths, options); });
  CHECK_THAT(message, Contains("results.csv") && Contains("weights is '") &&
                          Contains("recalibration is 'momentum(2)'") &&
                          Contains("'momentum(3)' here"));
  CHECK_THAT(message, !Contains("space is"));
  CHECK(text_of(path) == whole);
}

namespace {

struct One {
  static constexpr std::string_view name = "one";
};
struct Many {
  static constexpr std::string_view name = "many";
};
struct PartOfMany {
  static constexpr std::string_view name = "part";
};
using Swelling = ic::Chain<4, ic::Candidates<One, Many, PartOfMany>>;
using SwellingPath = ic::Architecture<Swelling>;

/// Block i: mean over channels, BatchNorm, one channel | 64 equal ones | one that is a part of 64.
struct SwellingNetwork : torch::nn::Module {
  SwellingNetwork() {
    for (std::size_t i = 0; i < Swelling::choice_count; ++i) {
      norms.push_back(register_module("norm" + std::to_string(i), torch::nn::BatchNorm2d(1)));
    }
    linear = register_module("linear", torch::nn::Linear(64, 10));
  }
  std::vector<ic::Segment> segments() const {
    std::vector<ic::Segment> list;
    for (std::size_t i = 0; i < norms.size(); ++i) list.push_back({std::to_string(i), {i}});
    list.push_back({"head", {}});
    return list;
  }
  void run_segment(std::size_t i, ic::Activations& activations, const SwellingPath& path) {
    ++runs;
    note_alive();
    at::Tensor y = activations.front().mean({1}, true);  // [N, 1, H, W]
    if (i == norms.size()) {
      activations = {linear->forward(y.flatten(1))};
      return;
    }
    y = at::relu(norms[i]->forward(y) + 0.1 * static_cast<double>(path[i] * (i + 1)));
    if (path[i] > 0) y = y.repeat({1, 64, 1, 1}).mul_(1 + 0.01 * static_cast<double>(i));
    made.push_back(y.storage().getWeakStorageImpl());
    largest = std::max(largest, y.storage().nbytes());
    activations = {path[i] == 2 ? y.narrow(1, 5, 1) : y};
  }
  at::Tensor forward(const at::Tensor& x, const SwellingPath& path) {
    return ic::run_segments(*this, x, path);
  }

  void note_alive() {
    std::erase_if(made, [](const auto& storage) { return storage.expired(); });
    std::size_t alive = 0;
    for (const auto& storage : made) alive += storage.lock()->nbytes();
    most_alive = std::max(most_alive, alive);
  }

  std::vector<torch::nn::BatchNorm2d> norms;
  torch::nn::Linear linear{nullptr};
  std::vector<c10::weak_intrusive_ptr<c10::StorageImpl>> made;
  std::size_t runs = 0;
  std::size_t most_alive = 0;
  std::size_t largest = 0;
};

}  // namespace

TEST_CASE("kept activations never take more than the limit, however large an architecture's are") {
  const auto calibration = batches(ic::first_images(digits(), 48), 16, 1);
  const auto validation = batches(ic::last_images(digits(), 56), 16, 1);
  std::vector<SwellingPath> paths;  // the first one has the smallest activations of all
  for (std::uint64_t i = 0; i < ic::architecture_count<Swelling>(); ++i) {
    paths.push_back(SwellingPath::from_index(i));
  }
  at::manual_seed(1);
  const auto net = std::make_shared<SwellingNetwork>();
  for (const auto& how : {ic::Recalibration::paper(3), ic::Recalibration::average(2),
                          ic::Recalibration::reset_first(1), ic::Recalibration::none()}) {
    INFO(ic::to_text(how));
    const State before = state_of(*net);
    auto holder = net;
    net->runs = 0;
    const auto alone = ic::rank(holder, {calibration, validation}, paths, {.recalibration = how});
    CHECK(std::set<double>(alone.predictions.begin(), alone.predictions.end()).size() > 2);
    const std::size_t runs_alone = net->runs;
    std::size_t runs_before = 0;
    for (const std::size_t batches_of_many : std::vector<std::size_t>{1000, 30, 14, 8, 7, 1, 0}) {
      const std::size_t limit = batches_of_many * 16 * 64 * 8 * 8 * sizeof(float);
      INFO("limit " << limit);
      net->runs = net->most_alive = net->largest = 0;
      const auto shared =
          ic::rank(holder, {calibration, validation}, paths,
                   {.recalibration = how, .sharing = ic::PrefixSharing{.memory_limit = limit}});
      CHECK(shared.predictions == alone.predictions);
      CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
      REQUIRE(net->largest == 16 * 64 * 8 * 8 * sizeof(float));
      CHECK(net->most_alive <= limit + net->largest);  // and the batch that is in work
      CHECK(net->runs >= runs_before);
      runs_before = batches_of_many >= 1000 ? net->runs : runs_before;
      if (batches_of_many == 1000) {
        CHECK(net->runs < runs_alone);
        CHECK(net->most_alive > 8 * net->largest);  // so that the other limits mean something
      }
    }
  }
}
