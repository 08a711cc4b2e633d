// Training with several paths a step, against loops and formulas written by hand.

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interchoice/sampling/fixed.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/train.hpp"
#include "networks/reference_fixture.hpp"
#include "support/catch.hpp"
#include "support/shared_data.hpp"
#include "training/digits_supernet.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;
using ic::PathBatches;

namespace {

/// Batches in float64, which notes which ones it is asked for: train takes any source.
class DoubleBatches {
 public:
  explicit DoubleBatches(ic::Batches batches) : batches_(std::move(batches)) {}

  class Epoch {
   public:
    ic::Batch operator[](std::int64_t index) const {
      asked_->push_back(index);
      const ic::Batch batch = epoch_[index];
      return {batch.data.to(at::kDouble), batch.target};
    }

    ic::BatchIterator<Epoch> begin() const { return {*this, 0}; }
    ic::BatchIterator<Epoch> end() const { return {*this, epoch_.size()}; }

   private:
    friend class DoubleBatches;
    Epoch(ic::Batches::Epoch epoch, std::shared_ptr<std::vector<std::int64_t>> asked)
        : epoch_(std::move(epoch)), asked_(std::move(asked)) {}
    ic::Batches::Epoch epoch_;
    std::shared_ptr<std::vector<std::int64_t>> asked_;
  };

  std::int64_t size() const { return batches_.size(); }
  std::int64_t example_count() const { return batches_.example_count(); }
  ic::Batch evaluation(std::int64_t index) const { return batches_.evaluation(index); }
  ic::Batch calibration(std::int64_t index) const { return batches_.calibration(index); }
  Epoch epoch(std::uint64_t number) const { return {batches_.epoch(number), asked_}; }
  const std::vector<std::int64_t>& asked() const { return *asked_; }

 private:
  ic::Batches batches_;
  std::shared_ptr<std::vector<std::int64_t>> asked_ = std::make_shared<std::vector<std::int64_t>>();
};

DoubleBatches source(std::int64_t images, std::int64_t batch_size) {
  return DoubleBatches(batches(ic::first_images(digits(), images), batch_size, 1));
}

template <class Policy>
Net<Policy> double_net() {
  auto net = make_net<Policy>(1);
  net->to(at::kDouble);
  return net;
}

ic::Sampler<ic::StrictFair<Space>> fair(std::uint64_t seed) {
  return {ic::StrictFair(ic::no_zero<Space>), ic::Seed{seed}};
}

/// Mean over the batch of -sum_k ((1 - e) onehot + e / K)_k log softmax(z)_k.
at::Tensor smoothed(const at::Tensor& logits, const at::Tensor& target, double e) {
  const auto classes = logits.size(1);
  const at::Tensor wanted =
      (1 - e) * at::one_hot(target, classes).to(at::kDouble) + e / static_cast<double>(classes);
  const at::Tensor z = logits - std::get<0>(logits.max(1, true));
  return -(wanted * (z - z.exp().sum(1, true).log())).sum() / logits.size(0);
}

}  // namespace

TEST_CASE("a step's gradient is that of the summed losses of its paths") {
  // Rate 1, no momentum, no decay: what a step subtracts is the gradient.
  const auto mode = GENERATE(PathBatches::kSame, PathBatches::kSuccessive);
  const DoubleBatches data = source(24, 6);  // 4 batches, as many as there are paths
  auto net = double_net<ic::bias<1>>();
  const State before = state_of(*net);
  State after;
  ic::train(net, data, fair(3),
            {.epochs = 1,
             .loss = ic::CrossEntropy{.label_smoothing = 0.1},
             .optimizer = ic::Sgd{.momentum = 0, .weight_decay = 0},
             .learning_rate = ic::constant(1),
             .path_batches = mode,
             .stop = [&] {
               if (after.empty()) after = state_of(*net);
               return true;
             }});

  auto second = double_net<ic::bias<1>>();
  const auto epoch = data.epoch(0);
  const auto paths = fair(3)(0, 0);
  REQUIRE(paths.size() == 4);
  const auto summed = [&] {
    double sum = 0;
    for (std::size_t p = 0; p < paths.size(); ++p) {
      const ic::Batch batch = epoch[mode == PathBatches::kSame ? 0 : static_cast<std::int64_t>(p)];
      sum += smoothed(second->forward(batch.data, paths[p]), batch.target, 0.1).item<double>();
    }
    return sum;
  };
  const c10::NoGradGuard no_grad;
  std::size_t nonzero = 0;
  for (const auto& p : second->named_parameters()) {
    INFO(p.key());
    const at::Tensor gradient = (before.at(p.key()) - after.at(p.key())).flatten();
    const auto place = gradient.abs().argmax().item<std::int64_t>();
    const at::Tensor entry = p.value().flatten()[place];
    REQUIRE(entry.is_alias_of(p.value()));
    constexpr double kStep = 1e-7;
    entry.add_(kStep);
    const double above = summed();
    entry.sub_(2 * kStep);
    const double below = summed();
    entry.add_(kStep);
    const double expected = (above - below) / (2 * kStep);
    CHECK(gradient[place].item<double>() == Approx(expected).epsilon(1e-4).margin(1e-6));
    nonzero += std::abs(expected) > 1e-4 ? 1 : 0;
  }
  CHECK(nonzero > 40);
}

TEST_CASE("several steps of several paths are those of a loop by hand") {
  const auto mode = GENERATE(PathBatches::kSame, PathBatches::kSuccessive);
  const bool same = mode == PathBatches::kSame;
  const DoubleBatches data = source(43, 4);  // 11 batches, the last of 3
  const std::size_t steps = same ? 11 : 2;   // 4 paths: 2 steps of 4 batches, 3 batches are left
  auto net = double_net<ic::none>();
  std::vector<ic::Progress> reports;
  const auto record = ic::train(net, data, fair(5),
                                {.epochs = 2,
                                 .optimizer = ic::Sgd{.momentum = 0.9, .weight_decay = 0.01},
                                 .learning_rate = ic::constant(0.05),
                                 .path_batches = mode},
                                [&](const ic::Progress& p) { reports.push_back(p); });
  REQUIRE(reports.size() == 2 * steps);
  CHECK(reports.back().done == 2 * steps);
  CHECK(reports.back().total == 2 * steps);
  CHECK(reports[steps - 1].is_milestone);
  std::vector<std::int64_t> expected_batches;
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (std::int64_t i = 0; i < (same ? 11 : 8); ++i) expected_batches.push_back(i);
  }
  CHECK(data.asked() == expected_batches);

  auto second = double_net<ic::none>();
  std::map<std::string, at::Tensor> momentum;
  for (std::size_t epoch = 0; epoch < 2; ++epoch) {
    double loss_sum = 0;
    double correct = 0;
    double images = 0;
    for (std::size_t step = 0; step < steps; ++step) {
      at::Tensor total = at::zeros({}, at::kDouble);
      const auto paths = fair(5)(epoch, step);
      for (std::size_t p = 0; p < 4; ++p) {
        const ic::Batch batch =
            data.epoch(epoch)[static_cast<std::int64_t>(same ? step : 4 * step + p)];
        const at::Tensor logits = second->forward(batch.data, paths[p]);
        const at::Tensor loss = smoothed(logits, batch.target, 0);
        total = total + loss;
        const auto count = static_cast<double>(batch.target.size(0));
        loss_sum += loss.item<double>() * count;
        correct += logits.argmax(1).eq(batch.target).sum().item<double>();
        images += count;
      }
      for (const auto& p : second->named_parameters()) p.value().mutable_grad().reset();
      total.backward();
      const c10::NoGradGuard no_grad;
      for (const auto& p : second->named_parameters()) {
        if (!p.value().grad().defined()) continue;
        at::Tensor change = p.value().grad();
        if (p.value().dim() > 1) change = change + 0.01 * p.value();
        at::Tensor& v = momentum[p.key()];
        v = v.defined() ? 0.9 * v + change : change;
        p.value().sub_(0.05 * v);
      }
    }
    CHECK(images == (same ? 4 * 43 : 32));  // every image once for every path, or once
    CHECK(record.epochs[epoch].loss == Approx(loss_sum / images).epsilon(1e-9));
    CHECK(record.epochs[epoch].accuracy.value() == Approx(correct / images).epsilon(1e-12));
    CHECK_FALSE(record.epochs[epoch].is_partial);
  }
  for (const auto& [name, tensor] : state_of(*second)) {
    INFO(name);
    CHECK(
        at::allclose(tensor.to(at::kDouble), state_of(*net).at(name).to(at::kDouble), 1e-9, 1e-11));
  }
}

TEST_CASE("train repeats the reference's strictly fair training", "[shared]") {
  const Fixture fixture = read_fixture(shared_data() / "fixtures" / "nb201_plain_fair.safetensors");
  const std::int64_t paths = fixture.meta.at("accumulate").get<std::int64_t>();
  REQUIRE((paths == 5 && fixture["arch"].size(0) == 10));  // two optimizer steps
  struct Recorded {                                        // an epoch for each step
    const Fixture* fixture;
    std::int64_t size() const { return 5; }
    std::int64_t example_count() const { return 30; }
    std::vector<ic::Batch> epoch(std::uint64_t e) const {
      std::vector<ic::Batch> batches;
      for (auto i = 5 * static_cast<std::int64_t>(e); batches.size() < 5; ++i) {
        batches.push_back({(*fixture)["x"][i], (*fixture)["y"][i]});
      }
      return batches;
    }
    ic::Batch evaluation(std::int64_t) const { return {}; }
    ic::Batch calibration(std::int64_t) const { return {}; }
    std::size_t paths_per_step() const { return 5; }
    std::vector<Path> operator()(std::uint64_t e, std::uint64_t) const {
      std::vector<Path> paths;
      for (std::int64_t i = 0; i < 5; ++i) {
        paths.emplace_back(fixture->candidates("arch", 5 * static_cast<std::int64_t>(e) + i));
      }
      return paths;
    }
  };
  ic::NasBench201Options options{.width = 8, .cells_per_stage = {1, 1}};
  Net<ic::none> net(options);
  net->to(at::kDouble);
  const auto state = [&] {
    State all;
    for (const auto& p : net->named_parameters()) all[p.key()] = p.value().detach();
    for (const auto& b : net->named_buffers()) all[b.key()] = b.value();
    return all;
  };
  const auto each = [&](const std::string& when, const auto& visit) {
    std::size_t visited = 0;
    for (const auto& [name, tensor] : fixture.tensors) {
      for (const std::string& prefix : {when + "/param/", when + "/buffer/"}) {
        if (!name.starts_with(prefix)) continue;
        visit(state().at(fixture.our_name(name.substr(prefix.size()))), tensor);
        ++visited;
      }
    }
    CHECK(visited == state().size());
  };
  each("init", [](const at::Tensor& ours, const at::Tensor& theirs) { ours.copy_(theirs); });
  const Recorded recorded{&fixture};
  ic::train(net, recorded, recorded,
            {.epochs = 2,
             .optimizer = ic::Sgd{.momentum = fixture.meta.at("momentum"),
                                  .weight_decay = fixture.meta.at("weight_decay")},
             .learning_rate =
                 [&](std::size_t e, std::size_t) {
                   return fixture["lr"][5 * static_cast<std::int64_t>(e) + 4].item<double>();
                 },
             .path_batches = PathBatches::kSuccessive});
  double worst = 0;
  each("final", [&](const at::Tensor& ours, const at::Tensor& theirs) {
    worst = std::max(worst, (ours - theirs).abs().max().item<double>());
  });
  CHECK(worst < 1e-10);
  CHECK(worst > 0);  // it did compare numbers that were computed
}

TEST_CASE("one path a step is the same in every form") {
  struct OnePath {
    ic::Sampler<ic::Uniform<Space>> sample{ic::Uniform(ic::all<Space>), ic::Seed{4}};
    std::size_t paths_per_step() const { return 1; }
    std::vector<Path> operator()(std::uint64_t epoch, std::uint64_t step) const {
      return {sample(epoch, step)};
    }
  };
  static_assert(ic::PathSampler<OnePath>);
  const auto trained = [](const auto& sample, PathBatches mode) {
    auto net = make_net<ic::bias<1>>(1);
    ic::train(net, batches(ic::first_images(digits(), 40), 8, 1), sample,
              {.epochs = 2, .learning_rate = ic::constant(0.1), .path_batches = mode});
    return state_of(*net);
  };
  const State state = trained(OnePath{}.sample, PathBatches::kSame);
  CHECK(differing(state, trained(OnePath{}.sample, PathBatches::kSuccessive)).empty());
  CHECK(differing(state, trained(OnePath{}, PathBatches::kSame)).empty());
  CHECK(differing(state, trained(OnePath{}, PathBatches::kSuccessive)).empty());
  // Where every weight is on a path of every step, it does not matter what happens to the others.
  const auto fairly = [](ic::UnsampledWeights unsampled) {
    auto net = make_net<ic::none>(1);
    ic::train(net, batches(ic::first_images(digits(), 24), 8, 1), fair(1),
              {.epochs = 2, .learning_rate = ic::constant(0.1), .unsampled = unsampled});
    return state_of(*net);
  };
  const State freeze = fairly(ic::UnsampledWeights::kFreeze);
  CHECK(differing(fairly(ic::UnsampledWeights::kMove), freeze).empty());
  CHECK_FALSE(differing(freeze, state_of(*make_net<ic::none>(1))).empty());
}

TEST_CASE("a loss of any path that is not finite ends the training before the step") {
  const auto data = batches(ic::first_images(digits(), 24), 8, 1);
  auto net = make_net<ic::none>(1);
  State before;
  ic::Training training{.epochs = 2, .learning_rate = ic::constant(0.1)};
  training.stop = [&] {
    const c10::NoGradGuard no_grad;
    for (const auto& p : net->named_parameters()) {  // only the paths with that candidate there
      if (p.key().find("edge01") != std::string::npos &&
          p.key().find("nor_conv_3x3") != std::string::npos) {
        p.value().fill_(INFINITY);
      }
    }
    before = parameters_of(*net);
    return false;
  };
  const std::string message = message_of([&] { ic::train(net, data, fair(2), training); });
  const auto paths = fair(2)(0, 1);
  std::size_t bad = 0;
  while (paths[bad][0] != 3) ++bad;
  REQUIRE(bad > 0);  // gradients of other paths are there by then
  CHECK_THAT(message, Contains("nan in epoch 0, step 1,") && Contains(ic::to_text(paths[bad])));
  CHECK(differing(before, parameters_of(*net)).empty());
}

TEST_CASE("what cannot be a step of several paths is refused") {
  struct Wrong {
    std::size_t said;
    std::size_t drawn;
    std::size_t paths_per_step() const { return said; }
    std::vector<Path> operator()(std::uint64_t, std::uint64_t) const { return {drawn, Path{}}; }
  };
  const auto refusal = [](const auto& sample, const ic::Training& training) {
    auto net = make_net<ic::none>(1);
    const State before = state_of(*net);
    const auto data = batches(ic::first_images(digits(), 24), 8, 1);
    const std::string text = message_of([&] { ic::train(net, data, sample, training); });
    CHECK(differing(before, state_of(*net)).empty());
    return text;
  };
  CHECK_THAT(refusal(fair(1), {.path_batches = PathBatches::kSuccessive}),
             Contains("an epoch of 3 batches has no step of 4 batches"));
  CHECK_THAT(refusal(Wrong{0, 0}, {.path_batches = PathBatches::kSuccessive}),
             Contains("0 paths a step"));
  CHECK_THAT(refusal(Wrong{2, 3}, {}), Contains("of 2 paths a step drew 3 in epoch 0, step 0"));
}
