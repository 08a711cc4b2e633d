// Rankings with BatchNorm folded into the convolutions: which BatchNorms still run, how far logits
// move, and that nothing else changes.

#include <ATen/Functions.h>
#include <ATen/record_function.h>

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench_macro.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "networks/random_state.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

/// How many BatchNorms of this thread libtorch runs while `call` does.
template <class Call>
std::int64_t batch_norms_in(const Call& call) {
  static std::int64_t count = 0;
  count = 0;
  const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(
      [](const at::RecordFunction& function) -> std::unique_ptr<at::ObserverContext> {
        count += std::string_view(function.name()) == "aten::batch_norm" ? 1 : 0;
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
  folding.sharing.reset();

  // Calibration runs as ever, evaluation is folded, and nothing stays folded.
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

TEST_CASE("folded results are not mixed with others") {
  const auto data = batches(ic::first_images(digits(), 40), 16, 1);
  auto net = make_net<ic::none>(1);
  const TemporaryFolder folder;
  ic::RankingOptions options{.recalibration = ic::Recalibration::paper(1),
                             .results = folder.path() / "results.csv"};
  ic::rank(net, {data, data}, kPaths, options);
  options.fold_batch_norm = true;
  CHECK_THAT(thrown_by([&] {
               ic::rank(net, {data, data}, kPaths, options);
             }),
             Contains("batch_norm") && Contains("results.csv"));
  options.results = folder.path() / "folded.csv";
  CHECK_NOTHROW(ic::rank(net, {data, data}, kPaths, options));
  CHECK_NOTHROW(ic::rank(net, {data, data}, kPaths, options));
  options.fold_batch_norm = false;
  CHECK_THAT(thrown_by([&] {
               ic::rank(net, {data, data}, kPaths, options);
             }),
             Contains("batch_norm") && Contains("folded.csv"));

  options = {.recalibration = ic::Recalibration::batch_statistics(), .fold_batch_norm = true};
  CHECK_THAT(thrown_by([&] {
               ic::rank(net, {data, data}, kPaths, options);
             }),
             Contains("fold_batch_norm") && Contains("batch_statistics"));
}
