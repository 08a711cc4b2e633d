// Architectures of equal keys compute the same: every class of NAS-Bench-201 against logits, the
// number of classes against a count by hand, and what `rank` makes of it.

#include <ATen/Functions.h>
#include <ATen/record_function.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/modules/pooling.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/evaluation/recalibrate.hpp"
#include "interchoice/evaluation/result_file.hpp"
#include "interchoice/spaces/cell_sequence.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint64_t kCount = *ic::architecture_count<Space>();
enum Candidate : std::uint8_t { kZero, kSkip, kConvolution1, kConvolution3, kPool };

using Classes = std::map<ic::CanonicalForm, std::vector<Path>>;

template <class Network>
Classes classes_of(Network& net) {
  const auto key = net->canonical_forms();
  Classes classes;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    classes[key(Path::from_index(i))].push_back(Path::from_index(i));
  }
  return classes;
}

/// The whole cell written out as a term, with dead parts left out: another way to find classes.
/// `hides_zero` is whether skip and pool of zeros are zero.
std::string term_of(const Path& path, bool hides_zero) {
  std::array<std::string, 4> nodes{"x"};
  for (std::size_t j = 1; j < 4; ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      const std::uint8_t op = path[ic::index_of({i, j})];
      if (op == kZero || (hides_zero && nodes[i].empty() && (op == kSkip || op == kPool))) continue;
      nodes[j] += std::to_string(i) + std::to_string(op) + "(" + nodes[i] + ")";
    }
  }
  return nodes[3];
}

std::size_t count_terms(bool hides_zero) {
  std::set<std::string> terms;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    terms.insert(term_of(Path::from_index(i), hides_zero));
  }
  return terms.size();
}

/// Logits after a recalibration, on a network that is as it was afterwards.
template <class Network, class Source>
at::Tensor logits_of(Network& net, const Path& path, const Source& data,
                     const ic::Recalibration& how) {
  const c10::NoGradGuard no_grad;
  const ic::BatchNormBuffers guard(*net);
  ic::recalibrate(net, path, data, how);
  return net->forward(data.evaluation(0).data, path);
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("the number of classes is what a count of terms finds") {
  const std::size_t hiding = count_terms(true);
  CHECK(hiding == 10405);
  auto plain = make_net<ic::none>(1);
  CHECK(classes_of(plain).size() == hiding);
  auto linear = make_net<ic::none, ic::LinearSkip>(1);
  CHECK(classes_of(linear).size() == hiding);
  auto later = make_net<ic::split<3>>(1);  // reads its priors from the start
  CHECK(classes_of(later).size() > hiding);
  CHECK(classes_of(later).size() == 12489);

  // Whoever adds a vector or a table sees its priors, so there are more classes, yet not all.
  auto biased = make_net<ic::bias<1>>(1);
  const Classes classes = classes_of(biased);
  CHECK(classes.size() > count_terms(false));
  CHECK(classes.size() < kCount);
  CHECK(classes.size() == 12861);
  // All edges into the last node are Zero: nothing is read but the choices behind other cells.
  const auto key = plain->canonical_forms();
  const ic::CanonicalForm nothing(6, ic::kUnread);
  CHECK(key(Path{3, 3, 3, 0, 0, 0}) == nothing);
  CHECK(key(Path{0, 2, 1, 1, 4, 0}) == key(Path{0, 0, 0, 1, 0, 0}));  // node 1 is zero
  CHECK(key(Path{0, 0, 3, 0, 0, 1}) != key(Path{0, 0, 2, 0, 0, 1}));  // statistics of zeros differ
  const auto biased_key = biased->canonical_forms();
  CHECK(biased_key(Path{0, 0, 0, 1, 0, 0}) != biased_key(Path{0, 0, 0, 1, 1, 0}));
  // Edge (0,3) is live and conditioned by the dead (1,2), not by the dead (0,1).
  CHECK(biased_key(Path{1, 0, 3, 3, 0, 0}) != biased_key(Path{1, 0, 2, 3, 0, 0}));
  CHECK(biased_key(Path{1, 0, 2, 3, 0, 0}) == biased_key(Path{2, 0, 2, 3, 0, 0}));
}

TEMPLATE_TEST_CASE("equal keys give equal logits under every recalibration", "", ic::none,
                   ic::bias<1>, (ic::bias<1, ic::dataflow>), (ic::split<0>), ic::scale<1>,
                   (ic::attention<1>), ic::shift<1>,
                   (ic::compose<ic::shift<1>, ic::bias<1>, ic::split<0>>),
                   ic::keep_inert<ic::bias<1>>) {
  using ic::Recalibration;
  const auto data = batches(ic::first_images(digits(), 24), 12, 1);
  auto net = make_net<TestType>(1);
  ic::begin_epoch(*net, 0);
  randomise(*net, 2);
  const Classes classes = classes_of(net);
  std::size_t merged = 0;
  std::size_t number = 0;
  for (const auto& [key, paths] : classes) {
    if (paths.size() < 2) continue;
    merged += paths.size() - 1;
    // A third of the classes and the large ones, three members each, the recalibration in turn.
    const std::vector<Recalibration> ways{Recalibration::paper(2), Recalibration::none(),
                                          Recalibration::average(2), Recalibration::reset_first(1),
                                          Recalibration::batch_statistics()};
    if (number++ % 3 != 0 && paths.size() < 30) continue;
    const Recalibration& how = ways[number % ways.size()];
    const at::Tensor expected = logits_of(net, paths.front(), data, how);
    for (const Path& path : {paths[paths.size() / 2], paths.back()}) {
      if (path == paths.front()) continue;
      INFO(ic::to_text(paths.front()) << "  " << ic::to_text(path) << "  " << ic::to_text(how));
      const at::Tensor logits = logits_of(net, path, data, how);
      CHECK(at::equal(logits, expected));
      CHECK(same_bits(logits, expected));
    }
  }
  CHECK(merged > 0);
  CHECK(merged + classes.size() == kCount);
}

TEMPLATE_TEST_CASE("what is not read is left out, and no bit of the logits changes", "", ic::none,
                   ic::bias<1>, ic::shift<1>) {
  const auto data = batches(ic::first_images(digits(), 24), 12, 1);
  auto net = make_net<TestType>(1);
  randomise(*net, 2);
  const auto forms = net->canonical_forms();
  std::size_t changed = 0;
  for (std::size_t index = 0; index < kCount; index += 7) {
    const Path path = Path::from_index(index);
    const Path left = forms.without_unread(path);
    const ic::CanonicalForm form = forms(path);
    CHECK(forms(left) == form);
    bool is_right = true;
    for (std::size_t i = 0; i < 6; ++i)
      is_right &= left[i] == (form[i] == ic::kUnread ? 0 : path[i]);
    CHECK(is_right);
    if (left == path || changed++ % 9 != 0) continue;
    INFO(ic::to_text(path) << "  " << ic::to_text(left));
    for (const auto& how : {ic::Recalibration::paper(2), ic::Recalibration::batch_statistics()}) {
      CHECK(same_bits(logits_of(net, path, data, how), logits_of(net, left, data, how)));
    }
  }
  CHECK(changed > 300);
}

TEST_CASE("keys of neighbouring classes differ in logits, so no class is split for nothing") {
  const auto data = batches(ic::first_images(digits(), 24), 12, 1);
  auto net = make_net<ic::none>(1);
  randomise(*net, 2);
  std::map<std::vector<float>, ic::CanonicalForm> seen;
  const auto key = net->canonical_forms();
  std::size_t equal = 0;
  std::set<ic::CanonicalForm> keys;
  for (std::uint64_t i = 0; i < kCount; i += 29) {
    const Path path = Path::from_index(i);
    if (!keys.insert(key(path)).second) continue;
    const at::Tensor logits = logits_of(net, path, data, ic::Recalibration::paper(1)).contiguous();
    const float* begin = logits.const_data_ptr<float>();
    equal += seen.try_emplace({begin, begin + logits.numel()}, key(path)).second ? 0 : 1;
  }
  // Sums of the same terms in another order, such as a skip instead of a node, may be equal.
  CHECK(equal * 10 < keys.size());
}

namespace {

/// Cells with candidates of their own and, at the first node, no way to be Zero.
struct Plain {
  static constexpr std::string_view name = "plain";
  torch::nn::Conv2d build(const ic::Geometry& g) const {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(g.channels, g.out_channels, 1));
  }
};
/// Gives zeros for zeros until its bias is trained.
struct ZeroBias {
  static constexpr std::string_view name = "zero_bias";
  torch::nn::Conv2d build(const ic::Geometry& g) const {
    torch::nn::Conv2d convolution = Plain().build(g);
    torch::nn::init::zeros_(convolution->bias);
    return convolution;
  }
};
/// Keeps zeros, unless a policy adds a shift behind its normalisation.
struct Normed {
  static constexpr std::string_view name = "normed";
  static constexpr ic::Responses responses(const ic::Geometry&) {
    return {.norm_shift = ic::Response::kObserved,
            .norm_scale = ic::Response::kObserved,
            .keeps_zeros = true};
  }
  struct Module : torch::nn::Module {
    explicit Module(std::int64_t channels)
        : norm(register_module(
              "norm",
              torch::nn::GroupNorm(torch::nn::GroupNormOptions(2, channels).affine(false)))) {}
    at::Tensor forward(const at::Tensor& x) { return forward_adjusted(x, {}); }
    at::Tensor forward_adjusted(const at::Tensor& x, const ic::NormAdjustment& adjustment) {
      return ic::adjusted_norm(norm, x, adjustment);
    }
    std::int64_t norm_channels() const { return norm->options.num_channels(); }
    torch::nn::GroupNorm norm;
  };
  std::shared_ptr<Module> build(const ic::Geometry& g) const {
    return std::make_shared<Module>(g.channels);
  }
};
using Edges = ic::Candidates<ic::Zero, ic::Skip, Plain, ZeroBias, Normed>;
struct Sequence : ic::IndependentCells<2, ic::Cell<2, Edges>> {};

using Cut = ic::Architecture<Sequence>;

/// Knows canonical forms of architectures of `Sequence`, and has no member `Space`.
struct OwnForms {
  auto canonical_forms() {
    return [](const Cut&) { return ic::CanonicalForm{}; };
  }
};
static_assert(ic::CanonicalNetwork<OwnForms, Sequence>);
static_assert(!ic::CanonicalNetwork<OwnForms, Space>);

struct Skeleton {
  using Space = Sequence;
  struct Options {};
  static torch::nn::Conv2d stem(const Options&) {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 4, 1));
  }
  static std::vector<ic::CellLayer> layers(const Options&) {
    return ic::staged_layers({.width = 4, .cells_per_stage = {2}});
  }
  static torch::nn::Sequential head(const Options&) {
    return torch::nn::Sequential(torch::nn::AdaptiveAvgPool2d(1), torch::nn::Flatten());
  }
};

}  // namespace

TEST_CASE("a candidate that declares nothing is read behind zeros; a cut hides all cells before") {
  at::manual_seed(3);
  ic::Supernet<ic::CellNetwork<Skeleton>, ic::none> net(Skeleton::Options{});
  const auto key = net->canonical_forms();
  constexpr std::uint8_t u = ic::kUnread;
  // Edges (0,1), (0,2), (1,2) of the first cell, then of the second.
  CHECK(key(Cut{2, 3, 2, 2, 0, 0}) == ic::CanonicalForm{u, u, u, u, u, u});  // cut behind node 1
  CHECK(key(Cut{2, 3, 2, 0, 0, 2}) == ic::CanonicalForm{u, u, u, u, u, 2});  // bias of a zero node
  CHECK(key(Cut{2, 3, 2, 0, 0, 1}) == ic::CanonicalForm{u, u, u, u, u, u});
  CHECK(key(Cut{2, 3, 2, 0, 0, 3}) == ic::CanonicalForm{u, u, u, u, u, 3});  // whatever its bias is
  CHECK(key(Cut{2, 3, 0, 2, 1, 1}) == ic::CanonicalForm{u, 3, u, 2, 1, 1});
  const at::Tensor x = at::randn({2, 1, 16, 16});
  const at::Tensor cut = net->forward(x, Cut{2, 3, 2, 0, 0, 2});
  CHECK(at::equal(cut, net->forward(x, Cut{0, 1, 2, 0, 0, 2})));
  CHECK_FALSE(at::equal(cut, net->forward(x, Cut{2, 3, 2, 0, 1, 2})));

  const c10::NoGradGuard no_grad;
  const at::Tensor zeros = net->forward(x, Cut{2, 3, 2, 0, 0, 1});
  CHECK(at::equal(net->forward(x, Cut{2, 3, 2, 0, 0, 3}), zeros));
  for (auto& parameter : net->named_parameters()) {
    if (parameter.key().ends_with("zero_bias.bias")) parameter.value().fill_(1);
  }
  CHECK_FALSE(at::equal(net->forward(x, Cut{2, 3, 2, 0, 0, 3}), zeros));
}

TEMPLATE_TEST_CASE("a shift behind a normalisation is read behind zeros", "", ic::none,
                   ic::scale<1>, ic::shift<1>, ic::affine<1>) {
  at::manual_seed(3);
  ic::Supernet<ic::CellNetwork<Skeleton>, TestType> net(Skeleton::Options{});
  randomise(*net, 2);
  net->eval();
  const auto key = net->canonical_forms();
  const at::Tensor x = at::randn({2, 1, 16, 16});
  const Cut skip{2, 3, 2, 0, 0, 1};  // of a node of zeros
  const Cut normed{2, 3, 2, 0, 0, 4};
  const bool shifts =
      std::is_same_v<TestType, ic::shift<1>> || std::is_same_v<TestType, ic::affine<1>>;
  CHECK((key(normed) != key(skip)) == shifts);
  CHECK(at::equal(net->forward(x, normed), net->forward(x, skip)) != shifts);
}

TEST_CASE("rank runs no convolution that the logits do not depend on") {
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  auto net = make_net<ic::none>(1);
  randomise(*net, 2);
  const std::vector<Path> paths{Path{3, 0, 0, 2, 0, 0}, Path{2, 3, 3, 1, 0, 0}};
  static int convolutions = 0;
  const auto rank = [&](bool merges) {
    convolutions = 0;
    const auto handle =
        at::addGlobalCallback(at::RecordFunctionCallback([](const at::RecordFunction& function) {
          convolutions += std::string_view(function.name()) == "aten::convolution" ? 1 : 0;
          return std::unique_ptr<at::ObserverContext>();
        }));
    const auto found =
        ic::rank(net, {data, data}, paths,
                 {.recalibration = ic::Recalibration::paper(2), .merge_isomorphic = merges});
    at::removeCallback(handle);
    return std::pair(found.predictions, convolutions);
  };
  const auto [all, of_all] = rank(false);
  const auto [needed, of_needed] = rank(true);
  CHECK(needed == all);
  CHECK(of_needed < of_all);
}

TEST_CASE("rank evaluates equal architectures once and has all of them") {
  const TemporaryFolder folder;
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  auto net = make_net<ic::none>(1);
  randomise(*net, 2);
  // Three of one class, two of another, one alone; one asked twice.
  const std::vector<Path> paths{Path{0, 2, 1, 1, 4, 0}, Path{3, 3, 3, 3, 3, 3},
                                Path{0, 0, 0, 1, 0, 0}, Path{2, 3, 1, 0, 2, 0},
                                Path{2, 0, 4, 0, 2, 0}, Path{3, 2, 2, 1, 0, 0},
                                Path{0, 2, 1, 1, 4, 0}};
  for (const bool shared : {false, true}) {
    INFO("shared " << shared);
    ic::RankingOptions options{.recalibration = ic::Recalibration::paper(2),
                               .merge_isomorphic = false};
    if (shared) options.sharing = ic::PrefixSharing{};
    std::vector<std::size_t> done;
    const auto count = [&](const ic::Progress& progress) {
      done.push_back(progress.done);
      CHECK(progress.total == paths.size());
    };
    const State before = state_of(*net);
    const auto apart = ic::rank(net, {data, data}, paths, options, count);
    CHECK(std::exchange(done, {}).size() == 6);
    options.merge_isomorphic = true;
    const auto results = folder / (shared ? "shared.csv" : "alone.csv");
    options.results = ic::ResultFile{results};
    std::size_t asked = 0;
    options.stop = [&] { return ++asked == 1; };
    const auto first = ic::rank(net, {data, data}, paths, options, count);
    CHECK(first.stopped);
    CHECK(first.architectures.size() == done.back());
    options.stop = {};
    const auto merged = ic::rank(net, {data, data}, paths, options, count);
    CHECK(done.size() == 3);
    CHECK(done.back() == paths.size());
    CHECK(merged.architectures == paths);
    CHECK(merged.predictions == apart.predictions);
    CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
    const std::string log = text_of(results);
    CHECK(std::count(log.begin(), log.end(), '\n') == 7);
    for (const Path& path : paths) CHECK_THAT(log, Contains(ic::to_text(path)));
    // A further one of a known class is not evaluated, and is written, too.
    const Path further{4, 2, 2, 1, 0, 0};
    const auto more = ic::rank(net, {data, data}, std::vector<Path>{further}, options, count);
    CHECK(done.size() == 3);
    CHECK(more.predictions == std::vector<double>{apart.predictions[0]});
    CHECK_THAT(text_of(results), Contains(ic::to_text(further)));
  }
}
