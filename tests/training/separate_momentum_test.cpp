// A momentum for each group of architectures, against steps of SGD by hand.

#include <ATen/Functions.h>
#include <torch/nn.h>
#include <torch/optim.h>
#include <torch/serialize.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "interchoice/dependency/context.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/sampling/uniform.hpp"
#include "interchoice/training/resumable_training.hpp"
#include "interchoice/training/separate_momentum.hpp"
#include "interchoice/training/train.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/thread_group.hpp"
#include "training/digits_supernet.hpp"
#include "training/train_in_pieces.hpp"

namespace ic = interchoice;
using namespace ic::testing;
using Catch::Matchers::Contains;

namespace {

const ic::Sampler<ic::Uniform<Space>> kUniform(ic::Uniform(ic::all<Space>), ic::Seed{4});

ic::Batches data_of() { return batches(ic::first_images(digits(), 96), 32, 3); }

ic::Training training_of(const ic::OptimizerMaker& optimizer) {
  ic::Training training;
  training.epochs = 4;
  training.optimizer = optimizer;
  training.learning_rate = ic::cosine(0.05, 1e-3);
  return training;
}

/// The group of a parameter: the candidate of choice 2, or of a location's candidates, which are
/// found by the names of their blocks, the candidates of its priors.
template <class Policy>
std::size_t group_of(const torch::nn::Module& net, const std::string& name, const Path& path,
                     const ic::MomentumGroups& groups) {
  if (groups.text() == "choice 2") return path[2];
  std::size_t group = 0;
  ic::detail::for_each_choice_block(
      net, [&](const std::string& block_name, const ic::AnyChoiceBlock& block) {
        if (!name.starts_with(block_name + ".") || name.find("table") != std::string::npos) return;
        const ic::Context context = ic::context_at<Space, Policy>(block.context().location());
        for (std::size_t i = context.depth(); i-- > 0;) {
          group = 5 * group + path[context.prior(i).choice];
        }
      });
  return group;
}

template <class Policy>
Net<Policy> double_net() {
  auto net = make_net<Policy>(5);
  net->to(at::kDouble);
  return net;
}

}  // namespace

TEMPLATE_TEST_CASE("each group of architectures moves weights by its own momentum", "", ic::bias<1>,
                   ic::bias<2>, ic::split<ic::on_demand>) {
  const ic::MomentumGroups groups =
      GENERATE(as<ic::MomentumGroups>(), ic::context_momentum, ic::ChoiceMomentum{.choice = 2});
  const auto unsampled = GENERATE(ic::UnsampledWeights::kMove, ic::UnsampledWeights::kFreeze);
  INFO(groups.text() << ", " << ic::to_text(unsampled));
  const double rate = 0.02;
  const double decay = 0.01;
  const ic::Batches data = data_of();

  auto expected = double_net<TestType>();
  std::map<std::string, std::map<std::size_t, at::Tensor>> momenta;
  for (std::size_t epoch = 0; epoch < 3; ++epoch) {
    for (std::int64_t i = 0; i < data.size(); ++i) {
      const ic::Batch batch = data.epoch(epoch)[i];
      const Path path = kUniform(epoch, static_cast<std::uint64_t>(i));
      expected->zero_grad(unsampled == ic::UnsampledWeights::kFreeze);
      at::cross_entropy_loss(expected->forward(batch.data.to(at::kDouble), path), batch.target)
          .backward();
      const c10::NoGradGuard no_grad;
      for (auto& p : expected->named_parameters()) {
        at::Tensor& w = p.value();
        if (!w.grad().defined()) continue;
        at::Tensor& v = momenta[p.key()][group_of<TestType>(*expected, p.key(), path, groups)];
        if (!v.defined()) v = at::zeros_like(w);
        v = 0.9 * v + w.grad() + (w.dim() > 1 ? decay : 0) * w;
        w -= rate * v;
      }
    }
  }
  std::size_t several = 0;
  for (const auto& [name, of_groups] : momenta) several += of_groups.size() > 1 ? 1 : 0;
  REQUIRE(several > 10);

  const auto train = [&](const auto& maker) {
    auto net = double_net<TestType>();
    auto optimizer = maker(*net, rate);
    ic::PathStep step(net, optimizer, {.unsampled = unsampled});
    for (std::size_t epoch = 0; epoch < 3; ++epoch) {
      step.begin(epoch);
      for (const auto& [x, y] : data.epoch(epoch)) {
        step(kUniform, [&, &images = x, &labels = y](const Path& path) {
          return at::cross_entropy_loss(net->forward(images.to(at::kDouble), path), labels);
        });
      }
    }
    step.settle();
    return parameters_of(*net);
  };
  const ic::Sgd sgd{.weight_decay = decay};
  const State after = train(ic::SeparateMomentum{.sgd = sgd, .groups = groups});
  REQUIRE(after.size() == expected->named_parameters().size());
  for (const auto& p : expected->named_parameters()) {
    INFO(p.key());
    CHECK(at::allclose(after.at(p.key()), p.value(), 1e-9, 1e-11));
  }
  CHECK(differing(after, train(sgd)).size() > 10);
}

TEST_CASE("a training with separate momenta is resumed to the bit, a split included") {
  const ic::MomentumGroups groups =
      GENERATE(as<ic::MomentumGroups>(), ic::context_momentum, ic::ChoiceMomentum{.choice = 2});
  INFO(groups.text());
  using Policy = ic::split<2>;
  const ic::Training training = training_of(ic::SeparateMomentum{.groups = groups});
  auto whole = make_net<Policy>(1);
  ic::train(whole, data_of(), kUniform, training);
  const TemporaryFolder folder;
  const ic::TrainingStateFile file{folder / "state"};
  auto resumed = make_net<Policy>(1);
  CHECK(train_in_pieces(training, [&](const ic::Training& part) {
          resumed = make_net<Policy>(1);
          return ic::train_resumable(file, resumed, data_of(), kUniform, part);
        }) > 4);
  CHECK(differing(state_of(*whole), state_of(*resumed)) == std::vector<std::string>{});
  auto net = make_net<Policy>(1);
  CHECK_THAT(message_of([&] {
               ic::train_resumable(file, net, data_of(), kUniform, training_of(ic::Sgd{}));
             }),
             Contains("momentum by " + groups.text()));
}

TEST_CASE("ranks with separate momenta are one process with the whole batch") {
  const auto train = [&](std::size_t ranks) {
    std::vector<Net<ic::bias<1>>> nets;
    for (std::size_t r = 0; r < ranks; ++r) nets.push_back(double_net<ic::bias<1>>());
    const ic::Batch batch = data_of().epoch(0)[0];
    return on_threads(ranks, [&](const ic::Group& group) {
      auto& net = nets[group.rank()];
      net->eval();  // BatchNorm would see the parts
      auto optimizer = ic::SeparateMomentum{}(*net, 0.05);
      ic::PathStep step(net, optimizer, {.group = group});
      step.begin(0);
      const auto size = batch.data.size(0) / static_cast<std::int64_t>(ranks);
      const auto first = size * static_cast<std::int64_t>(group.rank());
      for (int i = 0; i < 6; ++i) {
        step(kUniform, [&](const Path& path) {
          return at::cross_entropy_loss(
              net->forward(batch.data.narrow(0, first, size).to(at::kDouble), path),
              batch.target.narrow(0, first, size));
        });
      }
      return parameters_of(*net);
    });
  };
  const State alone = train(1).front();
  const auto both = train(2);
  CHECK(differing(both[0], both[1]) == std::vector<std::string>{});
  for (const auto& [name, weight] : alone) {
    INFO(name);
    CHECK(at::allclose(weight, both[0].at(name), 1e-9, 1e-11));
  }
}

TEST_CASE("separate momenta: texts, memory, and what is refused") {
  auto net = make_net<ic::bias<1>>(1);
  CHECK(ic::SeparateMomentum{}.text() ==
        "SGD, momentum 0.9, weight decay 0.0003, momentum by context");
  CHECK(ic::SeparateMomentum{.groups = ic::ChoiceMomentum{.choice = 3}}.text() ==
        "SGD, momentum 0.9, weight decay 0.0003, momentum by choice 3");
  CHECK(ic::SeparateMomentum{}(*net).group_count() == 5);
  CHECK(ic::SeparateMomentum{}(*make_net<ic::bias<2>>(1)).group_count() == 25);

  CHECK_THAT(message_of([] { ic::SeparateMomentum{}(*make_net<ic::none>(1)); }),
             Contains("whose locations have no priors") && Contains("split<on_demand>"));
  CHECK_THAT(message_of([&] { ic::SeparateMomentum{.groups = ic::ChoiceMomentum{6}}(*net); }),
             Contains("ChoiceMomentum of choice 6, which no location"));
  using All = std::vector<ic::WeightGroups>;
  const auto first = [](std::span<const std::uint8_t>) { return std::size_t{0}; };
  const auto twice = [&](const torch::nn::Module& m) {
    return All{{.weights = m.parameters(), .group_of = first},
               {.weights = {m.parameters().front()}, .group_of = first}};
  };
  CHECK_THAT(message_of([&] { ic::SeparateMomentum{.groups = twice}(*net); }), Contains("twice"));
  const auto beyond = [](const torch::nn::Module& m) {
    return All{{.weights = m.parameters(),
                .count = 2,
                .group_of = [](std::span<const std::uint8_t>) { return std::size_t{2}; }}};
  };
  CHECK(ic::SeparateMomentum{.groups = beyond}.text().empty());  // no state is kept of a lambda's
  auto optimizer = ic::SeparateMomentum{.groups = beyond}(*net);
  const Path path = kUniform(0, 0);
  CHECK_THAT(message_of([&] { optimizer.take_path(path.candidates()); }),
             Contains("in group 2 of 2"));

  auto by_context = ic::SeparateMomentum{}(*net);
  CHECK_THAT(message_of([&] { by_context.step(); }), Contains("of no architecture"));
  by_context.take_path(path.candidates());
  by_context.step();
  CHECK_THAT(message_of([&] { by_context.step(); }), Contains("of no architecture"));
  CHECK_THAT(message_of([&] { by_context.step([] { return at::Tensor(); }); }),
             Contains("with a closure"));
  std::ostringstream stream;
  CHECK_THAT(message_of([&] { torch::save(by_context, stream); }), Contains("use train_resumable"));

  ic::PathStep step(net, by_context);
  step.begin(0);
  const ic::Sampler<ic::StrictFair<Space>> fair(ic::StrictFair(ic::all<Space>), ic::Seed{4});
  const State before = state_of(*net);
  const ic::Batch batch = data_of().epoch(0)[0];
  CHECK_THAT(message_of([&] {
               step(fair, [&](const Path& one) {
                 return at::cross_entropy_loss(net->forward(batch.data, one), batch.target);
               });
             }),
             Contains("a step of 5 paths") && Contains("draw one path a step"));
  CHECK(differing(before, state_of(*net)) == std::vector<std::string>{});
}
