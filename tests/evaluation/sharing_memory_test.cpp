// The memory limit of shared prefixes, measured by the storages that are alive, on a network whose
// activations take as much as each architecture says.

#include <ATen/Functions.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/spaces/chain.hpp"
#include "support/catch.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;

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
using Wide = ic::Chain<4, ic::Candidates<One, Many, PartOfMany>>;
using WidePath = ic::Architecture<Wide>;

/// Block i: mean over channels, BatchNorm, one channel | 64 equal ones | one that is a part of 64.
struct WideNetwork : torch::nn::Module {
  using Space = Wide;

  WideNetwork() {
    for (std::size_t i = 0; i < Wide::choice_count; ++i) {
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
  void run_segment(std::size_t i, ic::Activations& activations, const WidePath& path) {
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
  at::Tensor forward(const at::Tensor& x, const WidePath& path) {
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
  std::vector<WidePath> paths;  // the first one has the smallest activations of all
  for (std::uint64_t i = 0; i < ic::architecture_count<Wide>(); ++i) {
    paths.push_back(WidePath::from_index(i));
  }
  at::manual_seed(1);
  const auto net = std::make_shared<WideNetwork>();
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
